//! The release string of the simulated kernel.
#ifndef KLOOM_GENERATED_UTSRELEASE_H
#define KLOOM_GENERATED_UTSRELEASE_H
#define UTS_RELEASE "6.1.0-kloom"
#endif
