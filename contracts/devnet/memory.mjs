// Undo by memory pages: the simnet has no snapshots, but all its state is the WASM linear memory.
const PAGE = 4096;
const CHUNK = 65_536;
// Room for growth that is reserved and not touched: a second base copy would cost most of a second.
const HEADROOM = 256 * 1024 * 1024;

export const PAGE_BYTES = PAGE;

/**
 * The memory, and a base copy of it as of the last block.
 *
 * Reads dirty the memory too (the allocator, caches), so the base alone is the truth between blocks, and
 * `undo` goes back to it before older pages are written.
 */
export class PagedMemory {
  #memory;
  #base;
  #size;
  #touched = new Set();

  constructor(memory) {
    this.#memory = memory;
    this.#size = 0;
    this.#base = Buffer.allocUnsafeSlow(memory.buffer.byteLength + HEADROOM);
  }

  get size() {
    return this.#size;
  }

  get touchedPages() {
    return this.#touched.size;
  }

  // A growth of the memory detaches the old buffer, so the view is made anew for each use.
  #view() {
    return Buffer.from(this.#memory.buffer);
  }

  /** Take the whole memory as the base, the boot state: pages touched from here on are counted. */
  adopt(touched = []) {
    const view = this.#view();
    this.#reserve(view.length);
    view.copy(this.#base);
    this.#size = view.length;
    this.#touched = new Set(touched);
  }

  /** Make what changed since the base the new base; return the record that undoes it. */
  commit() {
    const view = this.#view();
    const changed = this.#changed(view);
    const old = Buffer.allocUnsafeSlow(changed.length * PAGE);
    changed.forEach((offset, index) => {
      this.#base.copy(old, index * PAGE, offset, offset + PAGE);
      view.copy(this.#base, offset, offset, offset + PAGE);
      this.#touched.add(offset / PAGE);
    });
    this.#adoptGrowth(view);
    return { offsets: changed, old };
  }

  /** Throw away what changed since the base. */
  revert() {
    const view = this.#view();
    for (const offset of this.#changed(view)) {
      this.#base.copy(view, offset, offset, offset + PAGE);
    }
  }

  /** Go back before a commit; records must come newest first. */
  undo(record) {
    this.revert();
    const view = this.#view();
    record.offsets.forEach((offset, index) => {
      record.old.copy(this.#base, offset, index * PAGE, (index + 1) * PAGE);
      record.old.copy(view, offset, index * PAGE, (index + 1) * PAGE);
    });
  }

  /** Return the pages touched since the boot state: numbers and contents, of the base. */
  touched() {
    const pages = Uint32Array.from(this.#touched).sort();
    const contents = Buffer.allocUnsafeSlow(pages.length * PAGE);
    pages.forEach((page, index) => {
      this.#base.copy(contents, index * PAGE, page * PAGE, (page + 1) * PAGE);
    });
    return { pages, contents };
  }

  /** Return a view to load an image into, at least `size` bytes long; `adopt` must follow. */
  writable(size) {
    const missing = size - this.#memory.buffer.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / CHUNK));
    }
    return this.#view();
  }

  #changed(view) {
    const base = this.#base;
    const offsets = [];
    for (let chunk = 0; chunk < this.#size; chunk += CHUNK) {
      if (view.compare(base, chunk, chunk + CHUNK, chunk, chunk + CHUNK) === 0) {
        continue;
      }
      for (let page = chunk; page < chunk + CHUNK; page += PAGE) {
        if (view.compare(base, page, page + PAGE, page, page + PAGE) !== 0) {
          offsets.push(page);
        }
      }
    }
    return offsets;
  }

  // Memory never shrinks, and what lies above an older state's end is never read by it: no undo needed.
  #adoptGrowth(view) {
    if (view.length === this.#size) {
      return;
    }
    this.#reserve(view.length);
    view.copy(this.#base, this.#size, this.#size);
    for (let offset = this.#size; offset < view.length; offset += PAGE) {
      this.#touched.add(offset / PAGE);
    }
    this.#size = view.length;
  }

  #reserve(size) {
    if (size > this.#base.length) {
      const larger = Buffer.allocUnsafeSlow(size + HEADROOM);
      this.#base.copy(larger, 0, 0, this.#size);
      this.#base = larger;
    }
  }
}
