// The picture behind the start panel: the sample scene laid down in brush strokes, in front of the person's eyes.
import { drawScene, hash, SCENE } from "../../media/sample";

const LAYERS = [
  { strokes: 700, length: 90, width: 34 },
  { strokes: 2200, length: 46, width: 15 },
  { strokes: 5200, length: 24, width: 7 },
];

/** Paints the poster, in about a second and a half or, where motion is unwelcome, at once. */
export function paintPoster(canvas: HTMLCanvasElement): void {
  const { width, height } = Object.assign(canvas, SCENE);
  const pen = canvas.getContext("2d");
  const scene = Object.assign(document.createElement("canvas"), SCENE).getContext("2d", { willReadFrequently: true });
  if (!pen || !scene) return;
  drawScene(scene, 4);
  const pixels = scene.getImageData(0, 0, width, height).data;
  pen.fillStyle = "#b98f6a"; // a toned ground
  pen.fillRect(0, 0, width, height);
  pen.lineCap = "round";
  const total = LAYERS.reduce((sum, layer) => sum + layer.strokes, 0);
  const atOnce = matchMedia("(prefers-reduced-motion: reduce)").matches ? total : total / 90;
  let laid = 0;
  const lay = (): void => {
    for (const end = Math.min(total, laid + atOnce); laid < end; laid++) stroke(pen, pixels, laid);
    if (laid < total && canvas.isConnected) requestAnimationFrame(lay);
  };
  lay();
}

/** The layer that the n-th stroke belongs to: they are painted one after the other. */
function layerOf(n: number): (typeof LAYERS)[number] {
  let left = n;
  for (const layer of LAYERS) {
    if (left < layer.strokes) return layer;
    left -= layer.strokes;
  }
  return LAYERS[LAYERS.length - 1];
}

/** One stroke of the scene's colour along its contours, a little off in hue and place as a hand would be. */
function stroke(pen: CanvasRenderingContext2D, pixels: Uint8ClampedArray, n: number): void {
  const { width, height } = SCENE;
  const layer = layerOf(n);
  const x = hash(n) * width;
  const y = hash(n + 0.37) * height;
  const light = (px: number, py: number): number => {
    const i = 4 * (Math.min(height - 1, Math.max(0, py | 0)) * width + Math.min(width - 1, Math.max(0, px | 0)));
    return pixels[i] * 0.3 + pixels[i + 1] * 0.6 + pixels[i + 2] * 0.1;
  };
  const reach = layer.width / 2 + 2;
  const dx = light(x + reach, y) - light(x - reach, y);
  const dy = light(x, y + reach) - light(x, y - reach);
  const flat = Math.hypot(dx, dy) < 6;
  const wave = 0.5 * Math.sin(x / 140) + 0.4 * Math.sin(y / 60 + x / 300);
  const angle = flat ? wave : Math.atan2(dx, -dy);
  const half = (layer.length * (0.6 + 0.8 * hash(n + 0.71))) / (flat ? 2 : 3.2);
  const i = 4 * ((y | 0) * width + (x | 0));
  const shift = 22 * (hash(n + 0.13) - 0.5);
  const [r, g, b] = [pixels[i] + shift, pixels[i + 1] + shift, pixels[i + 2] + shift * 1.5].map(Math.round);
  const bend = layer.length * 0.16 * (hash(n + 0.91) - 0.5);
  const [cx, cy] = [half * Math.cos(angle), half * Math.sin(angle)];
  const path = (offset: number): void => {
    pen.beginPath();
    pen.moveTo(x - cx, y - cy + offset);
    pen.quadraticCurveTo(x + bend * Math.sin(angle), y - bend * Math.cos(angle) + offset, x + cx, y + cy + offset);
    pen.stroke();
  };
  pen.lineWidth = layer.width * (0.7 + 0.6 * hash(n + 0.53));
  pen.strokeStyle = `rgb(${r}, ${g}, ${b})`;
  path(0);
  pen.lineWidth *= 0.3; // the ridge of thick paint
  pen.strokeStyle = `rgba(255, 250, 235, ${0.1 + 0.12 * hash(n + 0.29)})`;
  path(-layer.width * 0.18);
}
