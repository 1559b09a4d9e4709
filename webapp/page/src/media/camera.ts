// The camera as a stream, and the cameras there are.

export interface CameraChoice {
  id: string;
  label: string;
}

/** Asks for the camera: the one with this id, or the one facing the person. Rejects as `getUserMedia` does. */
export function openCamera(id: string | null): Promise<MediaStream> {
  const which = id ? { deviceId: { exact: id } } : { facingMode: "user" };
  const video = { ...which, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
  return navigator.mediaDevices.getUserMedia({ video, audio: false });
}

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
