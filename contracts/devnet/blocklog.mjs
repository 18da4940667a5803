// The chain on disk: one event a line, each with its checksum, synced before a block is served.
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

/** A line that is not the last is damaged: the file was changed from outside. */
export class LogError extends Error {}

const sum = (text) => crc32(text).toString(16).padStart(8, "0");

function parse(line) {
  const text = line.slice(9);
  return line.slice(0, 8) === sum(text) ? JSON.parse(text) : null;
}

export class BlockLog {
  #fd;
  events;

  /** Open a log; `events` holds what it says, a torn last line cut off. */
  constructor(path) {
    this.#fd = openSync(path, "a+", 0o600);
    this.events = [];
    const content = readFileSync(this.#fd);
    let start = 0;
    while (start < content.length) {
      const end = content.indexOf(0x0a, start);
      const event = end < 0 ? null : parse(content.toString("utf8", start, end));
      if (event === null) {
        break;
      }
      this.events.push(event);
      start = end + 1;
    }
    const next = content.indexOf(0x0a, start);
    if (next >= 0 && next + 1 < content.length) {
      throw new LogError(`${path} is damaged at byte ${start}, and lines follow`);
    }
    ftruncateSync(this.#fd, start);
  }

  /** Append an event; with `sync` it and all before it are on the disk when this returns. */
  append(event, { sync }) {
    const text = JSON.stringify(event);
    const bytes = Buffer.from(`${sum(text)} ${text}\n`);
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#fd, bytes, done);
    }
    if (sync) {
      fdatasyncSync(this.#fd);
    }
  }

  close() {
    closeSync(this.#fd);
  }
}
