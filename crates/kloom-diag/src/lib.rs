//! Findings as plain data, their wording, and the ways to show them.
