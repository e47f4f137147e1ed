//! The chooser: natural, random and replayed choices, schedule tokens.
