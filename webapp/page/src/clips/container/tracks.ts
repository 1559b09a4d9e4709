// Which of a clip's tracks is its picture. `picture_stream` in webapp/files/clips/opening.py follows the same rule.
import { type Input, type InputVideoTrack, prefer } from "mediabunny";

/**
 * The first of those that the file marks as its own choice (switched on in an MP4, default in a Matroska), or, where it marks none,
 * the first; null where there is none.
 */
export async function pictureTrack(input: Input): Promise<InputVideoTrack | null> {
  const tracks = await input.getVideoTracks({
    sortBy: async (track) => prefer((await track.getDisposition()).default),
  });
  return tracks[0] ?? null;
}
