// The painter on the server: JPEG frames up, painted frames down.

import { squareOf } from "../../model/encoder";
import { Trouble } from "../../trouble";
import { createCanvasPainter } from "../canvas/canvas-painter";
import { FrameDropped, type Painter, type PainterOptions } from "../painter";
import { openSocket } from "./socket";

/** JPEG quality of what is sent: the network makes more of artefacts than people do. */
const QUALITY = 0.95;
/** Side of the square of a style picture that is sent to be encoded, pixels. */
const PICTURE = 512;

/** Throws `Trouble` when there is no server, or it has no place. */
export async function openServer(options: PainterOptions): Promise<Painter> {
  const { config, downloads } = options;
  if (!config.server) throw new Trouble("This page has no server to paint on.");
  const url = new URL(config.server.socket, downloads.base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = await openSocket(url.href, options);
  const { model, style_size } = socket.ready;
  if (style_size !== options.model.description.style_size) {
    socket.close();
    throw new Trouble(`The server paints with another model, ${model}; reload the page.`);
  }
  const { background } = options.model.description.rules;
  /** What the server cannot see: which way round frames are, and whether a camera or a clip sends them. */
  let kind = "";
  const begin = (mirror: boolean, live: boolean) => {
    const next = `${mirror} ${live}`;
    if (kind && next !== kind) socket.reset();
    kind = next;
  };
  return createCanvasPainter(
    {
      backend: "server",
      detail: `server, ${model}`,
      setStyle: socket.setStyle,
      setStability: socket.setStability,
      async paint(frame, framing, size, time, reader) {
        if (!socket.wake()) throw new FrameDropped();
        begin(framing.mirror, time !== null);
        const scale = Math.min(1, socket.ready.side / Math.min(size.width, size.height));
        const sent = { width: Math.round(size.width * scale), height: Math.round(size.height * scale) };
        const painted = await socket.paint(await reader.jpeg(frame, sent, QUALITY, framing));
        return { picture: await createImageBitmap(painted) };
      },
      async encode(picture) {
        const side = Math.min(picture.width, picture.height, PICTURE);
        const canvas = new OffscreenCanvas(side, side);
        canvas.getContext("2d")!.putImageData(squareOf(picture, side, background), 0, 0);
        return socket.encode(await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY }));
      },
      reset: socket.reset,
      close: socket.close,
    },
    options,
  );
}
