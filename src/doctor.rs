//! Looks at this machine: tools, versions, engine, ports, space; each finding with its mend.
