//! The release string of the simulated kernel; the driver sets it (`--kernel`).
#ifndef KLOOM_GENERATED_UTSRELEASE_H
#define KLOOM_GENERATED_UTSRELEASE_H
#ifdef KLOOM_RELEASE
#define UTS_RELEASE KLOOM_RELEASE
#else
#define UTS_RELEASE "6.1.0-kloom"
#endif
#endif
