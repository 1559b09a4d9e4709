// The painter on the server: JPEG frames up, painted frames down.

import { centreSquare } from "../../model/style";
import { Trouble } from "../../trouble";
import { compose } from "../canvas/canvas-painter";
import { createReader } from "../canvas/reader";
import { Dropped, type Opening, type Painter } from "../painter";
import { openSocket } from "./socket";

/** JPEG quality of the frames sent: the network makes more of artefacts than the eye does. */
const QUALITY = 0.95;
/** Side of the square of a style picture that is sent to be encoded, pixels. */
const PICTURE = 512;

/** Throws `Trouble` when there is no server, or it has no place. */
export async function openServer(opening: Opening): Promise<Painter> {
  const { config, place } = opening;
  if (!config.server) throw new Trouble("This page has no server to paint on.");
  const url = new URL(config.server.socket, place.base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = await openSocket(url.href, opening);
  const { model, style_size } = socket.ready;
  if (style_size !== opening.model.description.style_size) {
    socket.close();
    throw new Trouble(`The server paints with another model, ${model}; reload the page.`);
  }
  return compose(
    {
      backend: "server",
      detail: `server, ${model}`,
      setStyle: socket.setStyle,
      setStability: socket.setStability,
      async paint(frame, framing, size, reader) {
        if (!socket.wake()) throw new Dropped();
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
    opening,
  );
}
