//! Memory that modules allocate: `kmalloc` and what stands on it.
//!
//! Each block has red zones around it and, once freed, waits in a quarantine before its addresses are used again; a
//! shadow byte per 8 bytes says what may be touched, as KASAN's does (0: all; 1–7: the first so many; above: why not).

use std::collections::{BTreeMap, VecDeque};

use kloom_kernel::fault::Block;
use kloom_kernel::site::RawEvent;

use crate::layout::HEAP_SIZE;

/// Shadow values of memory nobody may touch.
const NEVER: u8 = 0xff;
const REDZONE: u8 = 0xfc;
const FREED: u8 = 0xfb;

/// Bytes of red zone before a block and at least as many after it.
const RED: u64 = 16;
/// Freed bytes kept before the oldest are used again.
const QUARANTINE_BYTES: u64 = 8 << 20;
/// What fresh memory holds, so that the use of uninitialised memory is the same in every run and easy to see.
const FRESH: u8 = 0xa5;

/// What the heap knows about a block.
#[derive(Clone, Debug)]
struct Meta {
    size: u64,
    /// Bytes of addresses, red zones included, from `start`.
    span: u64,
    start: u64,
    kind: &'static str,
    allocated: RawEvent,
    freed: Option<RawEvent>,
}

/// Why `free` refused.
#[derive(Clone, Debug)]
pub enum FreeError {
    /// Free already.
    Double(Block),
    /// Inside a block, not at its start.
    Inside(Block),
    /// No block at all.
    NotABlock,
}

/// See the module docs.
#[derive(Clone, Debug)]
pub struct Heap {
    base: u64,
    shadow: u64,
    next: u64,
    blocks: BTreeMap<u64, Meta>,
    quarantine: VecDeque<(u64, u64)>,
    quarantine_bytes: u64,
    /// Free spans by length.
    free: BTreeMap<u64, Vec<u64>>,
    /// Bytes in live blocks.
    pub used: u64,
    /// Most bytes that may live at once.
    pub limit: u64,
}

impl Heap {
    /// A heap over `[base, base + HEAP_SIZE)` with its shadow at `shadow`.
    pub(crate) fn new(base: u64, shadow: u64) -> Heap {
        Heap {
            base,
            shadow,
            next: 0,
            blocks: BTreeMap::new(),
            quarantine: VecDeque::new(),
            quarantine_bytes: 0,
            free: BTreeMap::new(),
            used: 0,
            limit: 512 << 20,
        }
    }

    /// What lies in the heap, with the shadow of it.
    pub(crate) fn content(&self) -> (Vec<u8>, Vec<u8>) {
        // SAFETY: heap and shadow are mapped as far as they are in use; module code does not run meanwhile.
        unsafe {
            let bytes = std::slice::from_raw_parts(self.base as *const u8, self.next as usize);
            let shadow = std::slice::from_raw_parts(self.shadow as *const u8, (self.next >> 3) as usize);
            (bytes.to_vec(), shadow.to_vec())
        }
    }

    /// Goes back to what the heap was when `content` was taken of it. Addresses beyond have no shadow anybody looks at.
    pub(crate) fn restore(&mut self, saved: &Heap, (bytes, shadow): &(Vec<u8>, Vec<u8>)) {
        self.clone_from(saved);
        // SAFETY: as above; both were taken from there.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.base as *mut u8, bytes.len());
            std::ptr::copy_nonoverlapping(shadow.as_ptr(), self.shadow as *mut u8, shadow.len());
        }
    }

    /// Whether `[addr, addr + size)` may be touched.
    #[inline]
    pub(crate) fn accessible(&self, addr: u64, size: u64) -> bool {
        let offset = addr - self.base;
        if size > HEAP_SIZE - offset {
            return false;
        }
        let mut granule = offset >> 3;
        let last = (offset + size.max(1) - 1) >> 3;
        if last < self.next >> 3 {
            while granule < last {
                // SAFETY: the shadow covers the whole heap.
                if unsafe { *((self.shadow + granule) as *const u8) } != 0 {
                    return false;
                }
                granule += 1;
            }
            // SAFETY: as above.
            let shadow = unsafe { *((self.shadow + last) as *const u8) };
            return shadow == 0 || (shadow < 8 && (offset + size.max(1) - 1) & 7 < u64::from(shadow));
        }
        false
    }

    fn poison(&mut self, start: u64, len: u64, value: u8) {
        let from = self.shadow + ((start - self.base) >> 3);
        // SAFETY: the shadow covers the whole heap; spans are multiples of 8.
        unsafe { std::ptr::write_bytes(from as *mut u8, value, (len >> 3) as usize) };
    }

    /// A block of `size` bytes aligned to `align`, or None when the machine's memory is used up.
    pub fn alloc(&mut self, size: u64, align: u64, zero: bool, kind: &'static str, at: RawEvent) -> Option<u64> {
        if size > self.limit || self.used + size > self.limit {
            return None;
        }
        let body = size.max(1).next_multiple_of(8);
        let align = align.max(16);
        let lead = if align > 16 { align } else { RED };
        let span = (lead + body + RED).next_multiple_of(16);
        let start = self.take_span(span, align)?;
        let addr = start + lead;
        debug_assert!(addr.is_multiple_of(align));
        self.mark_live(start, addr, span, size);
        // SAFETY: `body` bytes at `addr` are mapped heap memory that belongs to nobody else.
        unsafe { std::ptr::write_bytes(addr as *mut u8, if zero { 0 } else { FRESH }, body as usize) };
        self.used += size;
        self.blocks.insert(addr, Meta { size, span, start, kind, allocated: at, freed: None });
        Some(addr)
    }

    /// Marks the block at `addr` accessible, and what is around it in its span not.
    fn mark_live(&mut self, start: u64, addr: u64, span: u64, size: u64) {
        let (lead, body) = (addr - start, size.max(1).next_multiple_of(8));
        self.poison(start, lead, REDZONE);
        self.poison(addr, body, 0);
        self.poison(addr + body, span - lead - body, REDZONE);
        if !size.is_multiple_of(8) || size == 0 {
            let last = self.shadow + ((addr + body - 8 - self.base) >> 3);
            // SAFETY: the shadow byte of the block's last granule. A block of size 0 has no byte to touch.
            unsafe { *(last as *mut u8) = if size == 0 { REDZONE } else { (size % 8) as u8 } };
        }
    }

    fn take_span(&mut self, span: u64, align: u64) -> Option<u64> {
        // Whatever is aligned more than asked for will do; the last freed is the first used.
        if let Some(list) = self.free.get_mut(&span)
            && let Some(index) = list.iter().rposition(|start| start.is_multiple_of(align))
        {
            return Some(list.remove(index));
        }
        let start = (self.base + self.next).next_multiple_of(align);
        let end = start + span - self.base;
        if end > HEAP_SIZE {
            return None;
        }
        let skipped = self.base + self.next;
        if start > skipped {
            self.poison(skipped, start - skipped, NEVER);
        }
        self.next = end;
        Some(start)
    }

    /// Frees a block.
    ///
    /// # Errors
    /// What `addr` is instead of a live block's start.
    pub fn free(&mut self, addr: u64, at: RawEvent) -> Result<(), FreeError> {
        self.retire(addr, at)?;
        self.bury(addr);
        Ok(())
    }

    /// Frees a block that only [`Heap::revive`] takes into use again, with what it holds, until [`Heap::bury`].
    ///
    /// # Errors
    /// What `addr` is instead of a live block's start.
    pub fn retire(&mut self, addr: u64, at: RawEvent) -> Result<(), FreeError> {
        let Some(meta) = self.blocks.get_mut(&addr) else {
            return Err(match self.block_at(addr) {
                Some(block) if addr > block.addr && addr < block.addr + block.size => FreeError::Inside(block),
                _ => FreeError::NotABlock,
            });
        };
        if meta.freed.is_some() {
            let block = self.block_at(addr).unwrap_or_else(|| unreachable!("the block was just found"));
            return Err(FreeError::Double(block));
        }
        meta.freed = Some(at);
        let (start, span, size) = (meta.start, meta.span, meta.size);
        self.used -= size;
        self.poison(start, span, FREED);
        Ok(())
    }

    /// Takes a retired block into use again; its bytes are as they were.
    pub fn revive(&mut self, addr: u64, at: RawEvent) {
        let Some(meta) = self.blocks.get_mut(&addr).filter(|meta| meta.freed.is_some()) else { return };
        (meta.allocated, meta.freed) = (at, None);
        let (start, span, size) = (meta.start, meta.span, meta.size);
        self.used += size;
        self.mark_live(start, addr, span, size);
    }

    /// Gives the memory of a retired block back, after a time in quarantine.
    pub fn bury(&mut self, addr: u64) {
        let Some(span) = self.blocks.get(&addr).map(|meta| meta.span) else { return };
        self.quarantine.push_back((addr, span));
        self.quarantine_bytes += span;
        while self.quarantine_bytes > QUARANTINE_BYTES
            && let Some((old, span)) = self.quarantine.pop_front()
        {
            self.quarantine_bytes -= span;
            if let Some(meta) = self.blocks.remove(&old) {
                self.poison(meta.start, meta.span, NEVER);
                self.free.entry(meta.span).or_default().push(meta.start);
            }
        }
    }

    /// The size of the live block that starts at `addr`.
    pub fn size_of(&self, addr: u64) -> Option<u64> {
        self.blocks.get(&addr).filter(|meta| meta.freed.is_none()).map(|meta| meta.size)
    }

    /// The block that `addr` is in, or whose red zone it is in, live or freed.
    pub fn block_at(&self, addr: u64) -> Option<Block> {
        let (&start, meta) = self.blocks.range(..=addr.saturating_add(RED)).next_back()?;
        let inside = |start: u64, meta: &Meta| addr >= meta.start && addr < meta.start + meta.span && start != 0;
        let (start, meta) = if inside(start, meta) {
            (start, meta)
        } else {
            let (&start, meta) = self.blocks.range(..=addr).next_back()?;
            if !inside(start, meta) {
                return None;
            }
            (start, meta)
        };
        Some(block(start, meta))
    }

    /// Live blocks, oldest address first.
    pub fn live(&self) -> impl Iterator<Item = Block> + '_ {
        self.blocks.iter().filter(|(_, meta)| meta.freed.is_none()).map(|(&start, meta)| block(start, meta))
    }

    /// Number of live blocks.
    pub fn live_count(&self) -> usize {
        self.blocks.values().filter(|meta| meta.freed.is_none()).count()
    }
}

fn block(addr: u64, meta: &Meta) -> Block {
    Block { addr, size: meta.size, kind: meta.kind.to_string(), allocated: meta.allocated, freed: meta.freed }
}
