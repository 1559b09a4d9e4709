// A clip's sound: packets as they are where MP4 can hold them, or else what is shown of them encoded anew.
import {
  type AudioCodec,
  AudioSample,
  AudioSampleSink,
  AudioSampleSource,
  type AudioSource,
  EncodedAudioPacketSource,
  EncodedPacketSink,
  getFirstEncodableAudioCodec,
  type InputAudioTrack,
  Quality,
} from "mediabunny";
import { LEAD_IN } from "./container/edits";
import { codecName } from "./container/names";
import { type Part, within } from "./container/timeline";

/** What players know in an MP4. */
const COPIED = new Set<AudioCodec | null>(["aac", "mp3", "opus", "flac", "ac3", "eac3"]);
const ENCODED: AudioCodec[] = ["aac", "opus", "mp3", "flac"];
const QUALITY = new Quality("high");
/** Where a browser cannot encode a track's own: channels, and samples a second. */
const USUAL = { numberOfChannels: 2, sampleRate: 48_000 };
/** Seconds that browsers' Opus encoders, which are libopus, put before the sound; WebCodecs does not count them in its times. */
const OPUS_DELAY = 312 / 48_000;
/** Seconds that decoders need to start up before a part. */
const PREROLL = 2 * LEAD_IN;

export interface Sound {
  source: AudioSource;
  /** Adds all of the track to the output, which has been started. */
  pump(signal: AbortSignal): Promise<void>;
}

/** How a track can be kept, or a sentence that says why not. `cut`: an edit list cuts more away than packets can tell. */
export async function readSound(track: InputAudioTrack, parts: Part[], cut: boolean): Promise<Sound | string> {
  const codec = await track.getCodec();
  if (COPIED.has(codec) && !cut) return copied(track, codec!, parts);
  const name = codecName(codec, await track.getInternalCodecId());
  if (!codec || !(await track.canDecode()))
    return `The clip’s sound (${name}) could not be kept: this browser cannot decode it.`;
  const own = { numberOfChannels: await track.getNumberOfChannels(), sampleRate: await track.getSampleRate() };
  for (const shape of [own, USUAL]) {
    const target = await getFirstEncodableAudioCodec(ENCODED, shape);
    if (target) return encoded(track, target, shape, own, parts);
  }
  return `The clip’s sound (${name}) could not be kept: this browser cannot encode it anew.`;
}

function copied(track: InputAudioTrack, codec: AudioCodec, parts: Part[]): Sound {
  const source = new EncodedAudioPacketSource(codec);
  return {
    source,
    async pump(signal) {
      const decoderConfig = (await track.getDecoderConfig()) ?? undefined;
      let [latest, usual] = [-Infinity, 0];
      for await (const packet of new EncodedPacketSink(track).packets()) {
        signal.throwIfAborted();
        const timestamp = packet.timestamp + parts[0].shift;
        // what the decoder needs to start up lies before the beginning, and the painted file says so
        const leadIn = timestamp < 0 && timestamp > -LEAD_IN;
        if (timestamp <= latest || !(leadIn || within(parts[0], packet.timestamp))) continue;
        latest = timestamp;
        usual = packet.duration || usual; // mediabunny gives the last of a Matroska cluster none
        await source.add(packet.clone({ timestamp, duration: usual }), { decoderConfig });
      }
      source.close();
    },
  };
}

interface Shape {
  numberOfChannels: number;
  sampleRate: number;
}

function encoded(track: InputAudioTrack, codec: AudioCodec, shape: Shape, own: Shape, parts: Part[]): Sound {
  const transform = shape === own ? {} : shape;
  const delay = codec === "opus" ? OPUS_DELAY : 0;
  const source = new AudioSampleSource({ codec, quality: QUALITY, transform });
  return {
    source,
    async pump(signal) {
      await keepStart(track);
      let written: number | null = null; // where the next sample goes, counted in samples
      for (const part of parts)
        for await (const sample of samplesOf(track, part)) {
          signal.throwIfAborted();
          const at = Math.round(sample.timestamp * sample.sampleRate);
          written ??= Math.max(at, 0);
          if (at > written) {
            await addAndClose(source, silence(sample, written, at), delay);
            written = at;
          }
          const over: number = Math.min(written - at, sample.numberOfFrames);
          const rest: AudioSample = over > 0 ? sample.trim(over) : sample.clone();
          rest.setTimestamp(written / sample.sampleRate);
          written += rest.numberOfFrames;
          sample.close();
          if (rest.numberOfFrames) await addAndClose(source, rest, delay);
          else rest.close();
        }
      source.close();
    },
  };
}

/**
 * Lets Opus decoders leave nothing out at their start: what they do is put what follows in its place, also where decoding
 * starts in the middle. What is not shown, the parts say.
 */
async function keepStart(track: InputAudioTrack): Promise<void> {
  const config = await track.getDecoderConfig();
  if (!config?.description || (await track.getCodec()) !== "opus") return;
  const { description } = config;
  const head = ArrayBuffer.isView(description)
    ? new Uint8Array(description.buffer, description.byteOffset, description.byteLength).slice()
    : new Uint8Array(description.slice(0));
  new DataView(head.buffer).setUint16(10, 0); // PreSkip (RFC 7845, 5.1)
  track.getDecoderConfig = async () => ({ ...config, description: head });
}

async function addAndClose(source: AudioSampleSource, sample: AudioSample, delay: number): Promise<void> {
  try {
    sample.setTimestamp(sample.timestamp - delay);
    await source.add(sample);
  } finally {
    sample.close();
  }
}

/** What one part shows, cut to the sample, at the times it is shown. */
async function* samplesOf(track: InputAudioTrack, part: Part): AsyncGenerator<AudioSample> {
  const begin = part.from === -Infinity ? undefined : part.from - PREROLL;
  for await (const sample of new AudioSampleSink(track).samples(begin, part.to)) {
    const place = (time: number) => Math.round((time - sample.timestamp) * sample.sampleRate);
    const first = part.from === -Infinity ? 0 : Math.max(place(part.from), 0);
    const last = part.to === Infinity ? sample.numberOfFrames : Math.min(place(part.to), sample.numberOfFrames);
    if (first < last) {
      const kept = sample.trim(first, last);
      kept.setTimestamp(kept.timestamp + part.shift);
      yield kept;
    }
    sample.close();
  }
}

/** Silent samples of the same kind: encoders want one kind throughout. */
function silence(like: AudioSample, from: number, to: number): AudioSample {
  const { format, numberOfChannels, sampleRate } = like;
  const bytes = format.startsWith("u8") ? 1 : format.startsWith("s16") ? 2 : 4;
  const data = new Uint8Array((to - from) * numberOfChannels * bytes).fill(bytes === 1 ? 128 : 0);
  return new AudioSample({ data, format, numberOfChannels, sampleRate, timestamp: from / sampleRate });
}
