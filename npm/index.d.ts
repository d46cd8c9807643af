/** What computes. */
export interface Machine {
  backend: "webgpu" | "cpu";
  /** The adapter's own name; for the CPU, what it is. */
  adapter: string;
  /** Whether the adapter is a GPU in software. */
  software: boolean;
  /** Arithmetic of the encoders. */
  dtype: "f32" | "f16";
  /** Why not WebGPU, or why not half precision. */
  why?: string;
}

/** A model: an encoder before a language model. */
export interface Model {
  id: string;
  /** The encoder's kind. */
  encoder: string;
  /** SHA-256 of the weights, in hex. */
  weights: string;
  title: string;
  name: string;
  /** How it sees, in a sentence. */
  about: string;
}

/** A box of an answer. */
export interface AnswerBox {
  /** Whether the language model wrote it or the encoder's own head found it. */
  source: "llm" | "dense";
  label?: string;
  /** Corners `x1, y1, x2, y2`, px of the upright picture; absent if the box lies outside. */
  px?: [number, number, number, number];
  /** Probability, for the encoder's own head. */
  score?: number;
}

/** What one model answered. */
export interface Answer {
  /** The model's id. */
  model: string;
  text: string;
  boxes: AnswerBox[];
  /** Why an answer that should hold a box has none. */
  box_error?: string;
  /** Whether it was cut at the length limit. */
  cut: boolean;
  stopped: boolean;
  /** Times in ms, and the number of tokens. */
  timings: {
    encode_ms: number;
    prefix_ms: number;
    first_token_ms: number;
    decode_ms: number;
    dense_ms: number;
    tokens: number;
    visual_tokens: number;
  };
}

export type Progress = { step: "download"; bytes: number; all: number } | { step: "compile"; model: string };

/** What went wrong, as a sentence with what helps. */
export class SightlineError extends Error {}

/** The models, in a worker. Commands are carried out one after the other. */
export class Sightline {
  private constructor();
  /**
   * Starts a worker and reads which models there are. Nothing of a model is fetched.
   * @param options.bundle address of `bundle.json`, relative to the document
   * @param options.device `gpu` takes an adapter in software, too
   */
  static open(options: { bundle: string | URL; device?: "auto" | "gpu" | "cpu" }): Promise<Sightline>;
  readonly models: Model[];
  readonly machine: Machine;
  /** Bytes of all files, and how many of them this browser has already. */
  readonly bytes: { all: number; here: number };
  /** Downloads what is missing and puts the models on the device. */
  load(options?: { onProgress?: (progress: Progress) => void; signal?: AbortSignal }): Promise<void>;
  /** Gives the picture that questions are about; resolves to its upright size, px. */
  picture(source: Blob | ArrayBuffer | ArrayBufferView | string | URL): Promise<{ width: number; height: number }>;
  /** Asks about the picture that was given last; resolves to one answer per model. */
  ask(
    question: string,
    options?: { maxTokens?: number; onText?: (piece: { model: string; text: string }) => void; signal?: AbortSignal },
  ): Promise<Answer[]>;
  /** Removes what was downloaded from this browser; resolves to the number of bytes. */
  forget(): Promise<number>;
  /** Ends the worker. */
  close(): void;
}
