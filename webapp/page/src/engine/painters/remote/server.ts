// The painter on the server: JPEG frames up, painted frames down.

import { centreSquare } from "../../model/style";
import { Trouble } from "../../trouble";
import { createCanvasPainter } from "../canvas/canvas-painter";
import { createReader } from "../canvas/reader";
import { FrameDropped, type Painter, type PainterOptions } from "../painter";
import { openSocket } from "./socket";

/** JPEG quality of the frames sent: the network makes more of artefacts than the eye does. */
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
  return createCanvasPainter(
    {
      backend: "server",
      detail: `server, ${model}`,
      setStyle: socket.setStyle,
      setStability: socket.setStability,
      async paint(frame, framing, size, reader) {
        if (!socket.wake()) throw new FrameDropped();
        const scale = Math.min(1, socket.ready.side / Math.min(size.width, size.height));
        const sent = { width: Math.round(size.width * scale), height: Math.round(size.height * scale) };
        const painted = await socket.paint(await reader.jpeg(frame, sent, QUALITY, framing));
        return createImageBitmap(painted);
      },
      async encode(picture) {
        const { left, top, side } = centreSquare(picture);
        const square = await createImageBitmap(picture, left, top, side, side);
        const sent = Math.min(side, PICTURE);
        const jpeg = await createReader().jpeg(square, { width: sent, height: sent }, 0.95);
        square.close();
        return socket.encode(jpeg);
      },
      reset: socket.reset,
      close: socket.close,
    },
    options,
  );
}
