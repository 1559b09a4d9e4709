// The WebSocket to the server's painter: one frame in flight, opened again when it is needed after it was lost.

import type { Brush } from "../../model/graph-weights";
import { Trouble } from "../../trouble";
import { FrameDropped } from "../painter";
import { base64, packed } from "./base64";

/** What the server says when a place is free. */
export interface Ready {
  model: string;
  style_size: number;
  /** Longest short side it paints, pixels. */
  side: number;
  fps: number;
}

export interface Listener {
  waiting(place: number): void;
  /** `passing`: the connection is gone, and is sought again. */
  trouble(sentence: string, passing?: boolean): void;
}

/** Milliseconds: to connect, to wait for a frame and for a style, before the second attempt and at most. */
const CONNECT = 20_000;
const [FRAME, STYLE] = [8_000, 30_000];
const [FIRST_PAUSE, LONGEST_PAUSE] = [500, 8_000];

interface Pending<T> {
  id: number;
  resolve(value: T): void;
  reject(error: Error): void;
}

export interface LiveSocket {
  readonly ready: Ready;
  setStyle(style: Float32Array, brush: Brush): void;
  setStability(stability: number): void;
  /** The server's painter begins anew. */
  reset(): void;
  /** Sends a JPEG and gives the painted one. Throws `FrameDropped` while there is no connection, or when the answer is late. */
  paint(jpeg: Blob): Promise<Blob>;
  /** True while frames can be sent; when not, this begins to connect again, not too often. */
  wake(): boolean;
  encode(picture: Blob): Promise<Float32Array>;
  close(): void;
}

/** Resolves when the server has a place for us. Throws `Trouble` when it cannot be reached or its line is full. */
export async function openSocket(url: string, listener: Listener): Promise<LiveSocket> {
  let socket: WebSocket | null = null;
  let ready: Ready | null = null;
  let style: object | null = null;
  let stability = 0;
  let frame: Pending<Blob> | null = null;
  let encoding: Pending<Float32Array> | null = null;
  let sequence = 0;
  let closed = false;

  const tell = (message: object) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  const tellStyle = () => style && tell({ type: "style", ...style });
  const tellStability = () => tell({ type: "look", stability });
  const drop = (reason: Error) => {
    frame?.reject(new FrameDropped());
    encoding?.reject(reason);
    frame = encoding = null;
  };
  const onText = (message: { type: string; [key: string]: unknown }) => {
    if (message.type === "waiting") listener.waiting(Number(message.place));
    else if (message.type === "error") {
      listener.trouble(String(message.sentence));
      drop(new Trouble(String(message.sentence)));
    } else if (message.type === "encoded" && encoding?.id === message.id) {
      encoding!.resolve(Float32Array.from(message.style as number[]));
      encoding = null;
    }
  };
  const onBytes = (bytes: ArrayBuffer) => {
    if (!frame || new DataView(bytes).getUint32(0, true) !== frame.id) return; // an answer that came too late
    frame.resolve(new Blob([new Uint8Array(bytes, 4)], { type: "image/jpeg" }));
    frame = null;
  };

  /** Resolves when a place is free. */
  const connect = () =>
    new Promise<void>((resolve, reject) => {
      const opened = new WebSocket(url);
      opened.binaryType = "arraybuffer";
      const late = setTimeout(() => opened.close(), CONNECT);
      opened.onmessage = ({ data }) => {
        clearTimeout(late);
        if (typeof data !== "string") return onBytes(data as ArrayBuffer);
        const message = JSON.parse(data);
        if (message.type !== "ready") return onText(message);
        [socket, ready] = [opened, message as Ready];
        tellStyle();
        tellStability();
        resolve();
      };
      opened.onclose = ({ code, reason }) => {
        clearTimeout(late);
        const wasReady = socket === opened;
        if (wasReady) socket = null;
        const sentence =
          reason ||
          (wasReady ? "The connection to the server broke off; trying again." : "The server cannot be reached.");
        drop(new Trouble(sentence));
        reject(new Trouble(sentence));
        if (wasReady && code !== 1001 && !closed) listener.trouble(sentence, true);
      };
    });

  const connectAgain = createRetry(() =>
    connect().catch((error: Error) => {
      listener.trouble(`${error.message.replace(/[.;]?( trying again\.)?$/, "")}; trying again.`, true);
      throw error;
    }),
  );
  const wake = () => {
    if (socket?.readyState === WebSocket.OPEN) return true;
    if (!closed) connectAgain();
    return false;
  };

  await connect();
  return {
    get ready() {
      return ready!;
    },
    setStyle(next, brush) {
      style = { style: Array.from(next), brush: packed(brush) };
      tellStyle();
    },
    setStability(next) {
      stability = next;
      tellStability();
    },
    reset: () => tell({ type: "reset" }),
    wake,
    async paint(jpeg) {
      const head = new Uint8Array(4);
      const id = ++sequence >>> 0;
      new DataView(head.buffer).setUint32(0, id, true);
      const bytes = await new Blob([head, jpeg]).arrayBuffer();
      if (!wake()) throw new FrameDropped();
      return waitFor<Blob>(
        (pending) => {
          frame = pending;
          socket!.send(bytes);
        },
        id,
        FRAME,
        new FrameDropped(),
      );
    },
    async encode(picture) {
      if (!wake())
        throw new Trouble("The server cannot be reached, so the picture was not read; try again in a moment.");
      const id = ++sequence;
      const text = await base64(picture);
      return waitFor<Float32Array>(
        (pending) => {
          encoding?.reject(new Trouble("Another picture was chosen meanwhile."));
          encoding = pending;
          socket!.send(JSON.stringify({ type: "encode", id, picture: text }));
        },
        id,
        STYLE,
        new Trouble("The server did not answer; try the picture again."),
      );
    },
    close() {
      closed = true;
      socket?.close(1000);
    },
  };
}

/** Gives what tries something again, one attempt at a time and, while none succeeds, ever less often. */
function createRetry(attempt: () => Promise<void>): () => void {
  let pause = FIRST_PAUSE;
  let next = 0;
  let trying = false;
  return () => {
    if (trying || performance.now() < next) return;
    trying = true;
    attempt()
      .then(
        () => {
          pause = FIRST_PAUSE;
        },
        () => {},
      )
      .finally(() => {
        trying = false;
        next = performance.now() + pause;
        pause = Math.min(2 * pause, LONGEST_PAUSE);
      });
  };
}

function waitFor<T>(send: (pending: Pending<T>) => void, id: number, patience: number, late: Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(late), patience);
    send({
      id,
      resolve(value) {
        clearTimeout(timer);
        resolve(value);
      },
      reject(error) {
        clearTimeout(timer);
        reject(error);
      },
    });
  });
}
