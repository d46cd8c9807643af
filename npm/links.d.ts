/** A result as a link holds it. The format's document says what each field is. */
export interface Shared {
  p: { f: { g: string } | { h: string } | "i"; w: [number, number] };
  q: string;
  s: { n: number; t?: number; r?: bigint | number; h?: boolean };
  d: string;
  a: {
    m: string;
    w: string;
    t: string;
    c?: boolean;
    b?: { d?: boolean; l?: string; x: [number, number, number, number]; p?: number }[];
    ms?: [number, number, number, number, number];
    k?: number;
  }[];
}

/** The fragment of a link, without `#`. `picture` is the file whose source is `"i"`. Rejects with a sentence. */
export function encode(shared: Shared, picture?: Uint8Array): Promise<string>;
/** What a link, or its fragment, holds. Rejects with a sentence. */
export function decode(link: string): Promise<{ shared: Shared; picture?: Uint8Array }>;
/** SHA-256 of a picture's file, in hex. */
export function sha256(file: Uint8Array): Promise<string>;
