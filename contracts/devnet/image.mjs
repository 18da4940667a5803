// Memory images on disk: the boot state as a whole, checkpoints as their difference from it.
import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

import { PAGE_BYTES } from "./memory.mjs";

const MAGIC = Buffer.from("BHDEVNT1");

/** The file is torn or damaged: whatever it was loaded into must be thrown away. */
export class ImageError extends Error {}

function writeAll(fd, bytes) {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done);
  }
}

function readExactly(fd, target, position) {
  for (let done = 0; done < target.length; ) {
    const count = readSync(fd, target, done, target.length - done, position + done);
    if (count === 0) {
      throw new ImageError("the image is shorter than it says");
    }
    done += count;
  }
}

// Written beside its place and renamed: a reader sees the old file or the new one, whole.
function writeFile(path, header, bodies) {
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  const draft = `${path}.${process.pid}`;
  const fd = openSync(draft, "w", 0o600);
  try {
    for (const part of [MAGIC, length, head, ...bodies]) {
      writeAll(fd, part);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
}

function withFile(path, read) {
  let fd;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if (error.code === "ENOENT") {
      return null;
    }
    throw error;
  }
  try {
    const start = Buffer.alloc(12);
    readExactly(fd, start, 0);
    if (!start.subarray(0, 8).equals(MAGIC)) {
      throw new ImageError("not a devnet image");
    }
    const head = Buffer.alloc(Math.min(start.readUInt32BE(8), 65_536));
    readExactly(fd, head, 12);
    const header = JSON.parse(head);
    const bodyAt = 12 + head.length;
    if (fstatSync(fd).size !== bodyAt + header.bytes) {
      throw new ImageError("the image is torn");
    }
    return read(fd, header, bodyAt);
  } catch (error) {
    throw error instanceof SyntaxError ? new ImageError("the image has no header") : error;
  } finally {
    closeSync(fd);
  }
}

/** Write the whole memory; `facts` stand in the header, which is returned. */
export function saveImage(path, memory, facts) {
  const body = memory.writable(0);
  const header = { ...facts, bytes: body.length, crc: crc32(body) };
  writeFile(path, header, [body]);
  return header;
}

/**
 * Load an image into the memory; return its header, or null where there is none that `fits(header)`.
 *
 * Throws ImageError, after which the memory is rubbish.
 */
export function loadImage(path, memory, fits) {
  return withFile(path, (fd, header, bodyAt) => {
    if (!fits(header)) {
      return null;
    }
    const body = memory.writable(header.bytes).subarray(0, header.bytes);
    readExactly(fd, body, bodyAt);
    if (crc32(body) !== header.crc) {
      throw new ImageError("the image is damaged");
    }
    return header;
  });
}

/** Write the pages touched since the boot state. */
export function saveCheckpoint(path, memory, facts) {
  const { pages, contents } = memory.touched();
  const numbers = Buffer.from(pages.buffer, pages.byteOffset, pages.byteLength);
  const crc = crc32(contents, crc32(numbers));
  const bytes = numbers.length + contents.length;
  writeFile(path, { ...facts, pages: pages.length, size: memory.size, bytes, crc }, [numbers, contents]);
}

/** Read a checkpoint's facts and pages without applying them; null where there is none. */
export function readCheckpoint(path) {
  return withFile(path, (fd, header, bodyAt) => {
    const body = Buffer.allocUnsafeSlow(header.bytes);
    readExactly(fd, body, bodyAt);
    if (crc32(body) !== header.crc) {
      throw new ImageError("the checkpoint is damaged");
    }
    const pages = new Uint32Array(body.buffer, body.byteOffset, header.pages);
    return { facts: header, pages, contents: body.subarray(header.pages * 4) };
  });
}

/** Read a checkpoint's header alone; null where there is none. */
export function checkpointFacts(path) {
  return withFile(path, (_fd, header) => header);
}

/** Put a checkpoint's pages over a memory that holds the boot state. */
export function applyCheckpoint(checkpoint, memory) {
  const view = memory.writable(checkpoint.facts.size);
  checkpoint.pages.forEach((page, index) => {
    checkpoint.contents.copy(view, page * PAGE_BYTES, index * PAGE_BYTES, (index + 1) * PAGE_BYTES);
  });
}
