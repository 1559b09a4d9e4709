// A scene drawn by code, so that the page has something to paint without a camera: a bay in the evening, with hills,
// clouds that drift and boats that rock. `drawScene` is a pure function of the time.

export const SCENE = { width: 960, height: 540 };
const HORIZON = 300;

type Pen = CanvasRenderingContext2D;

/** The scene at `t` seconds on a pen of SCENE's size. */
export function drawScene(pen: Pen, t: number): void {
  drawSky(pen);
  drawSun(pen, t);
  drawCloud(pen, t, 40, 84, 1.15, 9);
  drawCloud(pen, t, 420, 52, 0.8, 6);
  drawCloud(pen, t, 760, 128, 0.95, 7.5);
  drawHills(pen, 262, 34, 0.006, 1.3, "#7f8fc0", "#a8a2c9");
  drawHills(pen, 282, 26, 0.011, 4.1, "#4f6f9a", "#7d8bb0");
  drawSea(pen, t);
  drawShore(pen);
  drawHouses(pen);
  drawBoat(pen, t, 640, 352, 0.62, "#fff3d6", "#c8452f", 0);
  drawBoat(pen, t, 360, 402, 1, "#f7d37a", "#27566f", 1.7);
  drawBoat(pen, t, 800, 446, 1.35, "#ef7d57", "#3b2a44", 3.1);
  drawCypress(pen, t, 118, 470, 1);
  drawCypress(pen, t, 62, 500, 1.3);
}

function drawSky(pen: Pen): void {
  const sky = pen.createLinearGradient(0, 0, 0, HORIZON);
  for (const [at, colour] of [
    [0, "#2f5fa8"],
    [0.45, "#7fb0d8"],
    [0.75, "#f6d6a3"],
    [1, "#f3a36b"],
  ] as const) {
    sky.addColorStop(at, colour);
  }
  pen.fillStyle = sky;
  pen.fillRect(0, 0, SCENE.width, HORIZON + 2);
}

function drawSun(pen: Pen, t: number): void {
  const glow = pen.createRadialGradient(600, 214, 10, 600, 214, 210 + 8 * Math.sin(t));
  glow.addColorStop(0, "rgba(255, 232, 160, 0.95)");
  glow.addColorStop(0.25, "rgba(255, 206, 120, 0.5)");
  glow.addColorStop(1, "rgba(255, 190, 110, 0)");
  pen.fillStyle = glow;
  pen.fillRect(380, 0, 440, HORIZON + 2);
  pen.fillStyle = "#fff0b8";
  disc(pen, 600, 214, 36);
}

/** A cloud that moves `speed` pixels a second and comes back on the other side. */
function drawCloud(pen: Pen, t: number, x: number, y: number, size: number, speed: number): void {
  const left = ((x + t * speed + 260) % (SCENE.width + 520)) - 260;
  const puffs = [
    [0, 0, 34],
    [42, -16, 42],
    [92, -6, 36],
    [132, 4, 26],
    [60, 10, 40],
  ] as const;
  for (const [colour, dx, dy] of [
    ["#d99a86", 4, 8],
    ["#fff1dd", 0, 0],
    ["#ffffff", -5, -7],
  ] as const) {
    pen.fillStyle = colour;
    const shrink = colour === "#ffffff" ? 0.72 : 1;
    for (const [px, py, r] of puffs) disc(pen, left + (px + dx) * size, y + (py + dy) * size, r * size * shrink);
  }
}

/** A ridge around height `y`, shaded from `dark` at the top to `light` at its foot. */
function drawHills(pen: Pen, y: number, rise: number, pace: number, phase: number, dark: string, light: string): void {
  const shade = pen.createLinearGradient(0, y - 2 * rise, 0, HORIZON);
  shade.addColorStop(0, dark);
  shade.addColorStop(1, light);
  pen.fillStyle = shade;
  pen.beginPath();
  pen.moveTo(0, HORIZON + 2);
  for (let x = 0; x <= SCENE.width; x += 8) {
    const bumps =
      Math.sin(x * pace + phase) + 0.5 * Math.sin(x * pace * 2.3 + 2 * phase) + 0.2 * Math.sin(x * pace * 5.1);
    pen.lineTo(x, y - rise * bumps);
  }
  pen.lineTo(SCENE.width, HORIZON + 2);
  pen.fill();
}

function drawSea(pen: Pen, t: number): void {
  const sea = pen.createLinearGradient(0, HORIZON, 0, SCENE.height);
  for (const [at, colour] of [
    [0, "#f0b184"],
    [0.18, "#7fb3c4"],
    [0.55, "#2f7fa0"],
    [1, "#123f66"],
  ] as const) {
    sea.addColorStop(at, colour);
  }
  pen.fillStyle = sea;
  pen.fillRect(0, HORIZON, SCENE.width, SCENE.height - HORIZON);
  pen.lineCap = "round";
  for (let i = 0; i < 130; i++) {
    const depth = hash(i) ** 1.3; // 0 at the horizon, 1 at the front
    const y = HORIZON + 6 + depth * (SCENE.height - HORIZON - 12);
    const sway = 10 * Math.sin(t * (0.7 + 0.5 * hash(i + 40)) + i);
    const glitter = i % 3 === 0; // under the sun
    const x = glitter ? 600 + (hash(i + 9) - 0.5) * (60 + 240 * depth) + sway : hash(i + 71) * SCENE.width + sway;
    const length = (glitter ? 16 : 26) * (0.5 + 1.6 * depth);
    pen.strokeStyle = glitter ? "#ffdf9e" : i % 2 ? "rgba(190, 226, 232, 0.55)" : "rgba(16, 58, 98, 0.5)";
    pen.lineWidth = 1.5 + 3 * depth;
    pen.beginPath();
    pen.moveTo(x - length / 2, y);
    pen.quadraticCurveTo(x, y - 2 - 4 * depth, x + length / 2, y);
    pen.stroke();
  }
}

function drawShore(pen: Pen): void {
  for (const [colour, top, end] of [
    ["#6f8f4b", 318, 330],
    ["#3f6b3f", 372, 270],
    ["#27472f", 446, 240],
  ] as const) {
    pen.fillStyle = colour;
    pen.beginPath();
    pen.moveTo(0, top);
    pen.bezierCurveTo(end * 0.4, top - 34, end * 0.75, top - 6, end, top + (SCENE.height - top) * 0.42);
    pen.quadraticCurveTo(end * 0.72, top + (SCENE.height - top) * 0.6, end * 0.8, SCENE.height);
    pen.lineTo(0, SCENE.height);
    pen.fill();
  }
}

function drawHouses(pen: Pen): void {
  const row = [
    [30, 322, 34, 30],
    [78, 312, 40, 38],
    [132, 318, 34, 30],
    [178, 330, 30, 26],
  ] as const;
  for (const [x, y, w, h] of row) {
    pen.fillStyle = "#f6e3c5";
    pen.fillRect(x, y - h, w, h);
    pen.fillStyle = "#d9b48f"; // the side away from the sun
    pen.fillRect(x, y - h, w * 0.4, h);
    pen.fillStyle = "#c4553a";
    shape(pen, [
      [x - 5, y - h],
      [x + w / 2, y - h - 17],
      [x + w + 5, y - h],
    ]);
    pen.fillStyle = "#3c4f66";
    pen.fillRect(x + w * 0.6, y - h * 0.68, 7, 9);
  }
}

function drawBoat(
  pen: Pen,
  t: number,
  x: number,
  y: number,
  size: number,
  sail: string,
  hull: string,
  phase: number,
): void {
  pen.save();
  pen.translate(x + 26 * Math.sin(t * 0.22 + phase), y + 2.5 * Math.sin(t * 1.4 + phase));
  pen.scale(size, size);
  pen.fillStyle = "rgba(14, 40, 66, 0.45)"; // its reflection
  shape(pen, [
    [-44, 8],
    [44, 8],
    [24, 30],
    [-20, 34],
  ]);
  pen.rotate(0.05 * Math.sin(t * 1.1 + phase));
  pen.fillStyle = hull;
  shape(pen, [
    [-48, -8],
    [50, -8],
    [36, 12],
    [-34, 12],
  ]);
  pen.fillStyle = "#f4e6cf";
  shape(pen, [
    [-48, -10],
    [50, -10],
    [47, -5],
    [-45, -5],
  ]);
  pen.fillStyle = "#4a3527";
  pen.fillRect(-2, -104, 4, 96);
  pen.fillStyle = sail;
  shape(pen, [
    [4, -102],
    [44, -18],
    [4, -18],
  ]);
  pen.fillStyle = "rgba(70, 40, 60, 0.28)"; // the shaded part of the sail
  shape(pen, [
    [4, -102],
    [20, -18],
    [4, -18],
  ]);
  pen.fillStyle = "#fff8ea";
  shape(pen, [
    [-5, -92],
    [-34, -18],
    [-5, -18],
  ]);
  pen.restore();
}

function drawCypress(pen: Pen, t: number, x: number, y: number, size: number): void {
  const lean = 5 * Math.sin(t * 0.8 + x);
  for (const [colour, wide] of [
    ["#14301f", 30],
    ["#2d5a33", 19],
    ["#5b8a45", 8],
  ] as const) {
    pen.fillStyle = colour;
    const w = wide * size;
    const shift = (30 - wide) * 0.35 * size;
    pen.beginPath();
    pen.moveTo(x + shift, y);
    pen.bezierCurveTo(
      x + w + shift,
      y - 40 * size,
      x + w * 0.6 + shift,
      y - 130 * size,
      x + lean + shift * 0.4,
      y - 210 * size,
    );
    pen.bezierCurveTo(x - w * 0.6 + shift, y - 130 * size, x - w + shift, y - 40 * size, x + shift, y);
    pen.fill();
  }
}

function disc(pen: Pen, x: number, y: number, r: number): void {
  pen.beginPath();
  pen.arc(x, y, r, 0, 2 * Math.PI);
  pen.fill();
}

function shape(pen: Pen, points: readonly (readonly [number, number])[]): void {
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.closePath();
  pen.fill();
}

/** A fixed number in [0, 1) for every integer: the same glints in every frame. */
export function hash(n: number): number {
  const s = Math.sin(n * 127.1 + 11.7) * 43758.5453;
  return s - Math.floor(s);
}

/** A faint unevenness, as of canvas, to be laid over the scene: in quite flat colours a network finds nothing to paint. */
function createGrain(): HTMLCanvasElement {
  const pen = createPen(SCENE.width / 4, SCENE.height / 4, true);
  const { canvas } = pen;
  const pixels = pen.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < pixels.data.length / 4; i++) {
    const n = hash(i) + hash(i + 0.25) + hash(i + 0.5) - 1.5; // lighter or darker, mostly little
    pixels.data.set([...Array<number>(3).fill(n > 0 ? 255 : 0), 18 * Math.abs(n)], 4 * i);
  }
  pen.putImageData(pixels, 0, 0);
  return canvas;
}

/**
 * A canvas in memory. On the graphics card every frame of the stream would have to be fetched back from there, and the
 * card, where it is slow or only software, would have no time left to paint.
 */
function createPen(width: number, height: number, alpha: boolean): Pen {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d", { alpha, willReadFrequently: true });
  if (!pen) throw new Error("This browser cannot draw on a canvas.");
  return pen;
}

/** Frames a second of the stream; and milliseconds between two, less what the display's own clock may be early. */
const RATE = 30;
const PAUSE = 1000 / RATE - 5;

/** The scene as a stream; stopping its track stops the drawing. */
export function openSample(): MediaStream {
  const pen = createPen(SCENE.width, SCENE.height, false);
  const grain = createGrain();
  const show = (t: number): void => {
    drawScene(pen, t);
    pen.drawImage(grain, 0, 0, SCENE.width, SCENE.height);
  };
  show(0);
  const stream = pen.canvas.captureStream(RATE);
  const track = stream.getVideoTracks()[0];
  const began = performance.now();
  let drawn = began;
  const draw = (now: number): void => {
    if (track?.readyState !== "live") return;
    requestAnimationFrame(draw);
    if (now - drawn < PAUSE) return;
    drawn = now;
    show((now - began) / 1000);
  };
  requestAnimationFrame(draw);
  return stream;
}
