//! A session: kernel, guest, chooser and detectors; scenario in, outcome out.
