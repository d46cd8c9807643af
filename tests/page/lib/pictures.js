// Picture files, good and hostile, made here: no case depends on the shipped gallery.

import { deflateSync } from "node:zlib";

const CRC = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

const crc = (bytes) => {
  let c = 0xffffffff;
  for (const byte of bytes) c = CRC[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
};

const chunk = (kind, data) => {
  const body = Buffer.concat([Buffer.from(kind), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc(body));
  return Buffer.concat([length, body, check]);
};

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const header = (width, height) => {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([8, 2, 0, 0, 0], 8);
  return chunk("IHDR", data);
};

/** A PNG of a coloured square on a ground of another colour. */
export const png = (width = 96, height = 64, colour = [200, 60, 40]) => {
  const rows = [];
  for (let y = 0; y < height; y++) {
    const row = [0];
    for (let x = 0; x < width; x++) {
      const inside = x > width / 4 && x < width / 2 && y > height / 4 && y < (3 * height) / 4;
      row.push(...(inside ? colour : [30, 90, (x * 255) / width]));
    }
    rows.push(Buffer.from(row));
  }
  return Buffer.concat([SIGNATURE, header(width, height), chunk("IDAT", deflateSync(Buffer.concat(rows))), chunk("IEND", Buffer.alloc(0))]);
};

/** Files that are no picture, or none that can be used. */
export const hostile = () => ({
  "empty.png": Buffer.alloc(0),
  "truncated.png": png().subarray(0, 120),
  "html-named.png": Buffer.from("<!doctype html><script>document.title = 'owned'</script>"),
  "notes.txt": Buffer.from("these are notes, not a picture"),
  "huge.png": Buffer.concat([SIGNATURE, header(60000, 60000), chunk("IDAT", deflateSync(Buffer.alloc(1000))), chunk("IEND", Buffer.alloc(0))]),
  "liar.jpg": Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(64, 7)]),
});

/** A picture in a format that only browsers read, which would like to run a script. */
export const svg = () =>
  Buffer.from(
    '<?xml version="1.0"?>\n<!-- a > b -->\n<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60" onload="document.title = \'owned\'">' +
      "<script>document.title = 'owned'</script><rect width=\"90\" height=\"60\" fill=\"#c83c28\"/></svg>",
  );

/** 64 x 48 px of one colour as AVIF. */
export const avif = () => Buffer.from("AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADrbWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAAAAAAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAETAAAALgAAAChpaW5mAAAAAAABAAAAGmluZmUCAAAAAAEAAGF2MDFDb2xvcgAAAABqaXBycAAAAEtpcGNvAAAAFGlzcGUAAAAAAAAAQAAAADAAAAAQcGl4aQAAAAADCAgIAAAADGF2MUOBAAwAAAAAE2NvbHJuY2x4AAEADQAGgAAAABdpcG1hAAAAAAAAAAEAAQQBAoMEAAAANm1kYXQSAAoJGBV/vaICGg0IMh8ax4eF4cwwwwKAAADPyinHlMLS9Ok+EJ0pigUgnonh", "base64");

/** The beginning of what phones call HEIC. */
export const heic = () => Buffer.concat([Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"), Buffer.alloc(2000, 5)]);
