//! The keys of the Compose Specification and what kinds of values they take.

use crate::detect::structured::Value;

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Nothing,
    Scalar,
    List,
    Map,
}

impl Kind {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::Text(_) => Self::Scalar,
            Value::List(_) => Self::List,
            Value::Map(_) => Self::Map,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Nothing => "empty",
            Self::Scalar => "a single value",
            Self::List => "a list",
            Self::Map => "a mapping",
        }
    }
}

/// A mapping that has keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Project,
    Service,
    Build,
    Healthcheck,
    Deploy,
    Logging,
    DependsOn,
    Port,
    Mount,
    Network,
    Volume,
    Secret,
    Config,
}

use Kind::{List, Map, Nothing, Scalar};

/// Kinds with the keys that take them.
type Keys = &'static [(&'static [Kind], &'static [&'static str])];

#[rustfmt::skip]
const PROJECT: Keys = &[
    (&[Scalar], &["name"]),
    (&[Scalar, Nothing], &["version"]),
    (&[Map, Nothing], &["services", "networks", "volumes", "secrets", "configs", "models"]),
    (&[List, Nothing], &["include"]),
];
#[rustfmt::skip]
const SERVICE: Keys = &[
    (&[Scalar], &["cgroup", "cgroup_parent", "container_name", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares", "cpus", "cpuset", "domainname", "hostname", "image", "init", "ipc", "isolation", "mac_address", "mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit", "network_mode", "oom_kill_disable", "oom_score_adj", "pid", "pids_limit", "platform", "privileged", "pull_policy", "pull_refresh_after", "read_only", "restart", "runtime", "scale", "shm_size", "stdin_open", "stop_grace_period", "stop_signal", "tty", "use_api_socket", "user", "userns_mode", "uts", "working_dir", "attach"]),
    (&[Scalar, List, Nothing], &["command", "entrypoint"]),
    (&[Scalar, List], &["dns", "dns_search", "env_file", "label_file", "tmpfs"]),
    (&[Scalar, Map], &["build", "extends"]),
    (&[Scalar, List, Map], &["gpus"]),
    (&[List, Map, Nothing], &["environment"]),
    (&[List, Map], &["annotations", "depends_on", "extra_hosts", "labels", "sysctls", "models"]),
    (&[List, Map, Nothing], &["networks"]),
    (&[List], &["cap_add", "cap_drop", "configs", "device_cgroup_rules", "devices", "dns_opt", "expose", "external_links", "group_add", "links", "ports", "post_start", "pre_stop", "profiles", "secrets", "security_opt", "volumes", "volumes_from"]),
    (&[Map], &["blkio_config", "credential_spec", "healthcheck", "logging", "provider", "storage_opt", "ulimits"]),
    (&[Map, Nothing], &["deploy", "develop"]),
];
#[rustfmt::skip]
const BUILD: Keys = &[
    (&[Scalar], &["context", "dockerfile", "dockerfile_inline", "isolation", "network", "no_cache", "privileged", "pull", "shm_size", "target"]),
    (&[Scalar, Map, List], &["provenance", "sbom"]),
    (&[List, Map], &["additional_contexts", "args", "extra_hosts", "labels", "ssh"]),
    (&[List], &["cache_from", "cache_to", "entitlements", "no_cache_filter", "platforms", "secrets", "tags"]),
    (&[Map], &["ulimits"]),
];
#[rustfmt::skip]
const HEALTHCHECK: Keys = &[
    (&[Scalar], &["disable", "interval", "retries", "start_interval", "start_period", "timeout"]),
    (&[Scalar, List], &["test"]),
];
#[rustfmt::skip]
const DEPLOY: Keys = &[
    (&[Scalar], &["endpoint_mode", "mode", "replicas"]),
    (&[List, Map], &["labels"]),
    (&[Map], &["placement", "resources", "restart_policy", "rollback_config", "update_config"]),
];
const LOGGING: Keys = &[(&[Scalar], &["driver"]), (&[Map], &["options"])];
const DEPENDS_ON: Keys = &[(&[Scalar], &["condition", "required", "restart"])];
#[rustfmt::skip]
const PORT: Keys = &[
    (&[Scalar], &["app_protocol", "host_ip", "mode", "name", "protocol", "published", "target"]),
];
#[rustfmt::skip]
const MOUNT: Keys = &[
    (&[Scalar], &["consistency", "read_only", "source", "target", "type"]),
    (&[Map], &["bind", "image", "tmpfs", "volume"]),
];
#[rustfmt::skip]
const NETWORK: Keys = &[
    (&[Scalar], &["attachable", "driver", "enable_ipv4", "enable_ipv6", "internal", "name"]),
    (&[Scalar, Map], &["external"]),
    (&[List, Map], &["labels"]),
    (&[Map], &["driver_opts", "ipam"]),
];
#[rustfmt::skip]
const VOLUME: Keys = &[
    (&[Scalar], &["driver", "name"]),
    (&[Scalar, Map], &["external"]),
    (&[List, Map], &["labels"]),
    (&[Map], &["driver_opts"]),
];
#[rustfmt::skip]
const SECRET: Keys = &[
    (&[Scalar], &["driver", "environment", "file", "name", "template_driver"]),
    (&[Scalar, Map], &["external"]),
    (&[List, Map], &["labels"]),
    (&[Map], &["driver_opts"]),
];
#[rustfmt::skip]
const CONFIG: Keys = &[
    (&[Scalar], &["content", "environment", "file", "name", "template_driver"]),
    (&[Scalar, Map], &["external"]),
    (&[List, Map], &["labels"]),
];

impl Place {
    fn table(self) -> Keys {
        match self {
            Self::Project => PROJECT,
            Self::Service => SERVICE,
            Self::Build => BUILD,
            Self::Healthcheck => HEALTHCHECK,
            Self::Deploy => DEPLOY,
            Self::Logging => LOGGING,
            Self::DependsOn => DEPENDS_ON,
            Self::Port => PORT,
            Self::Mount => MOUNT,
            Self::Network => NETWORK,
            Self::Volume => VOLUME,
            Self::Secret => SECRET,
            Self::Config => CONFIG,
        }
    }

    /// What `key` takes here; None where there is no such key.
    pub(super) fn kinds(self, key: &str) -> Option<&'static [Kind]> {
        self.table()
            .iter()
            .find(|(_, keys)| keys.contains(&key))
            .map(|(kinds, _)| *kinds)
    }

    pub(super) fn keys(self) -> Vec<&'static str> {
        self.table()
            .iter()
            .flat_map(|(_, keys)| keys.iter().copied())
            .collect()
    }
}
