// The camera as a stream, and the cameras there are.

export interface CameraChoice {
  id: string;
  label: string;
}

/** Which camera: by its id, or by the way that it looks. */
export type CameraWish = { id: string } | { facing: "user" | "environment" };

/** Long side of the camera's picture that is asked for, pixels. */
const LONG = 1280;

/** Asks for a camera, with its whole field of view. Rejects as `getUserMedia` does. */
export async function openCamera(wish: CameraWish): Promise<MediaStream> {
  const which = "id" in wish ? { deviceId: { exact: wish.id } } : { facingMode: wish.facing };
  const video = { ...which, width: { ideal: LONG }, frameRate: { ideal: 30 }, resizeMode: { ideal: "none" } };
  const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
  const [track] = stream.getVideoTracks();
  const wider = track && wholeView(track.getCapabilities?.() ?? {}, track.getSettings());
  await (wider && track.applyConstraints(wider).catch(() => {})); // then its first picture will do
  return stream;
}

/**
 * What to ask of a camera for its whole field of view: the shape of its sensor, which is that of its largest picture. A
 * mode of another shape cuts a part of it off: 16:9 a quarter of a 4:3 sensor. Null where it is there already, or where
 * the camera does not tell. Pure.
 */
export function wholeView(
  { width, height }: MediaTrackCapabilities,
  settings: MediaTrackSettings,
): MediaTrackConstraints | null {
  if (!width?.max || !height?.max || !settings.width || !settings.height) return null;
  const sensor = Math.max(width.max, height.max) / Math.min(width.max, height.max);
  const present = Math.max(settings.width, settings.height) / Math.min(settings.width, settings.height);
  if (Math.abs(present / sensor - 1) < 0.02) return null;
  const upright = settings.height > settings.width; // a phone's camera turns with it
  const long = Math.min(LONG, Math.max(width.max, height.max));
  const short = Math.round(long / sensor);
  return {
    width: { ideal: upright ? short : long },
    height: { ideal: upright ? long : short },
    aspectRatio: { ideal: upright ? 1 / sensor : sensor },
    frameRate: { ideal: 30 },
    resizeMode: { ideal: "none" },
  } as MediaTrackConstraints;
}

/** A picture that stays away for so long is worth a word: milliseconds. Switching cameras or waking up takes less. */
const AWAY = 2000;

/**
 * Tells whether a stream's picture comes: false when it has stayed away for a while (a switch, a lid, a call on a phone),
 * true when it is there again.
 */
export function watchPicture(stream: MediaStream, tell: (comes: boolean) => void): void {
  const [track] = stream.getVideoTracks();
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let told = true;
  const say = (comes: boolean) => {
    if (comes !== told) tell(comes);
    told = comes;
  };
  const away = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => say(track.readyState === "ended"), AWAY); // an end is told otherwise
  };
  track?.addEventListener("mute", away);
  track?.addEventListener("unmute", () => {
    clearTimeout(waiting);
    say(true);
  });
  if (track?.muted) away();
}

/** Calls back, once, when a camera that was refused is allowed after all. */
export async function onceAllowed(callback: () => void): Promise<void> {
  const permission = await navigator.permissions?.query({ name: "camera" }).catch(() => null);
  if (permission?.state !== "denied") return;
  const look = () => {
    if (permission.state !== "granted") return;
    permission.removeEventListener("change", look);
    callback();
  };
  permission.addEventListener("change", look);
}

/** A screen, a window or a tab, as the person chooses. Rejects as `getDisplayMedia` does. */
export function openScreen(): Promise<MediaStream> {
  return navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 30 } }, audio: false });
}

/** Whether screens can be painted here; phones cannot show theirs. */
export const screensSupported = (): boolean => Boolean(navigator.mediaDevices?.getDisplayMedia);

/** Whether the picture should be mirrored, as people expect of their own face: all but cameras that look away. */
export function facesPerson(stream: MediaStream): boolean {
  return stream.getVideoTracks()[0]?.getSettings().facingMode !== "environment";
}

export const cameraId = (stream: MediaStream): string => stream.getVideoTracks()[0]?.getSettings().deviceId ?? "";

/** Every camera; labels are known only after one was allowed. */
export async function listCameras(): Promise<CameraChoice[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const cameras = devices.filter((device) => device.kind === "videoinput" && device.deviceId);
  return cameras.map((device, i) => ({ id: device.deviceId, label: device.label || `Camera ${i + 1}` }));
}

export function stopStream(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
