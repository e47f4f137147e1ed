//! Dropped in 2.6.19; kept empty for old modules.
#pragma once
#pragma GCC warning "kloom-removed:<linux/config.h>|2.6.19|no header: every source gets the configuration"
