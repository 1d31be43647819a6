//! From an event to its canonical JSON (RFC 8785).

use super::{
    ChangeForm, DeploymentForm, IncidentForm, Kind, OriginalForm, ProofForm, ReleaseForm,
    RetractionForm, StepForm,
};
use crate::dora::event::{Event, Moment};
use serde::Serialize;

pub(in crate::dora::event) fn canonical(event: &Event) -> Vec<u8> {
    let written = match event.clone() {
        Event::Deployment(deployment) => write(&DeploymentForm {
            kind: Kind::Deployment,
            environment: deployment.environment,
            service: Some(deployment.service),
            commit: deployment.commit,
            started_at: deployment.period.started_at(),
            finished_at: deployment.period.finished_at(),
            outcome: deployment.outcome,
            took_traffic: Some(deployment.took_traffic),
            intent: Some(deployment.intent),
            release: deployment.release.map(|release| ReleaseForm {
                digests: release.digests,
                version: release.version,
            }),
            schema_head: deployment.schema_head,
            reverts: deployment.reverts,
            run: deployment.run,
            proof: deployment.proof.map(|proof| ProofForm {
                requests: proof.requests,
                failed: proof.failed,
                slowest_ms: proof.slowest_ms,
            }),
            source: Some(deployment.source),
        }),
        Event::Incident(incident) => {
            let (opened_at, resolved_at) = match incident.moment {
                Moment::Opened(at) => (Some(at), None),
                Moment::Resolved(at) => (None, Some(at)),
            };
            write(&IncidentForm {
                kind: Kind::Incident,
                key: incident.key,
                environment: incident.environment,
                service: Some(incident.service),
                opened_at,
                resolved_at,
                caused_by: incident.caused_by,
                fixed_by: incident.fixed_by,
                cause: Some(incident.cause),
                severity: incident.severity,
                source: Some(incident.source),
            })
        }
        Event::Change(change) => write(&ChangeForm {
            kind: Kind::Change,
            commits: change
                .commits
                .into_iter()
                .map(|original| OriginalForm {
                    id: original.id,
                    committed_at: original.committed_at,
                    authored_at: original.authored_at,
                    patch_id: original.patch_id,
                })
                .collect(),
            patch_id: change.patch_id,
            base: change.base,
            opened_at: change.opened_at,
            approved_at: change.approved_at,
            merged_at: change.merged_at,
            merged_as: change.merged_as,
            number: change.number,
            source: Some(change.source),
        }),
        Event::Step(step) => write(&StepForm {
            kind: Kind::Step,
            run: step.run,
            commit: step.commit,
            name: step.name,
            started_at: step.period.started_at(),
            finished_at: step.period.finished_at(),
            outcome: step.outcome,
        }),
        Event::Retraction(retraction) => write(&RetractionForm {
            kind: Kind::Retraction,
            retracts: retraction.retracts,
            reason: retraction.reason,
            at: retraction.at,
        }),
    };
    // Writing to memory fails only for numbers that are no numbers; there are none.
    written.unwrap_or_default()
}

fn write(form: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    serde_json_canonicalizer::to_vec(form)
}
