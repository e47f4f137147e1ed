//! User space: the scenario language and the commands it runs.
