"""`impasto train …`: the stages, the learning of motion, and packing of training pictures.

`torchrun --nproc_per_node N -m -- impasto.train.cli image …` runs a stage on N GPUs, a process each; on CPUs with
`ACCELERATE_USE_CPU=true` before it. Without `--`, torchrun takes `--start` for an option of its own.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from impasto.models.atomic import refusal, write_text
from impasto.models.errors import BadInput

# Heavy imports are inside the commands, so that the command line starts quickly.
app = typer.Typer(help="Train a model: pictures first, then pairs of frames, then sequences.", no_args_is_help=True)

Photos = Annotated[list[Path], typer.Option(help="A folder or pack of photographs; may be repeated.")]
Paintings = Annotated[list[Path], typer.Option(help="A folder or pack of paintings; may be repeated.")]
Clips = Annotated[list[Path] | None, typer.Option(help="A folder or pack of real clips; may be repeated.")]
Out = Annotated[Path, typer.Option(help="The run's folder: checkpoints, weights.safetensors, log, samples.")]
Start = Annotated[
    str | None,
    typer.Option(help="What to begin with: published (if left out), scratch, a weights file or a run's folder."),
]
Teacher = Annotated[str | None, typer.Option(help="Weights file or run's folder; left out, the default model's.")]
VggFile = Annotated[Path | None, typer.Option("--vgg", help="VGG-16 weights; left out, downloaded once.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="YAML with the settings that differ.")]
Changes = Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, a setting that differs; may be repeated.")]
Steps = Annotated[int | None, typer.Option(help="Where training ends.")]
Minutes = Annotated[float | None, typer.Option(help="End cleanly after so long; --resume goes on from there.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the run in --out, if there is one.")]


def add_stage(name: str, about: str, *takes: str, needs: str | None = None) -> None:
    """Register the command of `train.stages.NAME`. `takes`: which of --start, --vgg, --clips and --teacher it knows, in
    the order in which its `train` takes them; `needs`: the one that must be given."""
    stage_name = name.replace("_", "-")

    @app.command(stage_name, help=about)
    def command(
        photos: Photos,
        paintings: Paintings,
        out: Out,
        start: Start = None,
        vgg: VggFile = None,
        clips: Clips = None,
        teacher: Teacher = None,
        config: ConfigFile = None,
        change: Changes = None,
        steps: Steps = None,
        minutes: Minutes = None,
        resume: Resume = False,
    ) -> None:
        from .config import configured
        from .loop import check_out
        from .progress import say

        given = {"start": start, "vgg": vgg, "clips": clips, "teacher": teacher}
        strange = [option for option, value in given.items() if value and option not in takes]
        if strange:
            raise BadInput(f"impasto train {stage_name} has no option --{strange[0]}: leave it out.")
        if needs and not given[needs]:
            raise BadInput(f"impasto train {stage_name} needs --{needs}: a weights file or a run's folder.")
        stage = import_module(f".stages.{name}", __package__)
        settings = configured(stage.Config(), config, change, steps, minutes)
        check_out(out, resume)  # before anything is read, which may take minutes
        chosen = {**given, "start": start or "published", "clips": clips or ()}
        say(stage.train(settings, photos, paintings, out, *(chosen[option] for option in takes), resume=resume))


VGG_JUDGES, ALSO_CLIPS = ("start", "vgg"), ("start", "vgg", "clips")
add_stage("image", "Image stage: P and T learn to paint photographs.", *VGG_JUDGES)
add_stage("predictor", "Predictor stage: P learns what T needs; T and P's convolutions stay as they are.", *VGG_JUDGES)
add_stage("video", "Video stage: T learns to paint neighbouring frames alike; P is frozen.", *ALSO_CLIPS)
add_stage(
    "steady",
    "Steady stage: T and the stabilizer learn together on short sequences; P is frozen.",
    *ALSO_CLIPS,
    needs="start",
)
add_stage(
    "steady_style",
    "Steady style stage: how much more strongly to paint what will be mixed; the networks stay as they are.",
    *VGG_JUDGES,
    needs="start",
)
add_stage("distil", "Distilling stage: a cheaper T learns to paint what a trained one paints.", "teacher")
add_stage("distil_predictor", "A smaller P learns to say of any picture what a trained one says.", "teacher")


@app.command()
def join(
    predictor: Annotated[Path, typer.Option(help="P: a weights file or a run's folder.")],
    transformer: Annotated[Path, typer.Option(help="T: a weights file or a run's folder.")],
    out: Annotated[Path, typer.Option(help="The weights file to write.")],
    stabilizer: Annotated[
        Path | None, typer.Option(help="The stabilizer and the steady style, if not T's own: a weights file or a run.")
    ] = None,
) -> None:
    """Put P of one run and T of another into one weights file."""
    from .stages.distil import join

    join(str(predictor), str(transformer), out, stabilizer and str(stabilizer))
    typer.echo(f"The weights are in {out}.")


@app.command()
def average(
    first: Annotated[str, typer.Argument(help="A weights file or a run's folder.", metavar="FIRST")],
    second: Annotated[
        str, typer.Argument(help="Another, of the same networks: mostly a run begun from the first.", metavar="SECOND")
    ],
    out: Annotated[Path, typer.Option(help="The weights file to write.")],
    share: Annotated[float, typer.Option(help="How far to go from the first to the second, 0 to 1.")] = 0.5,
) -> None:
    """Weights between those of two runs: often better than both."""
    from .average import average

    average(first, second, share, out)
    typer.echo(f"The weights are in {out}.")


@app.command()
def sweep(
    photos: Photos,
    paintings: Paintings,
    out: Annotated[Path, typer.Option(help="Folder for sweep.json, sweep.md and a run for every row.")],
    teacher: Teacher = None,
    vgg: VggFile = None,
    config: ConfigFile = None,
    change: Changes = None,
    steps: Steps = None,
) -> None:
    """Compare descriptions of T: what they cost, and their losses after the same short training."""
    from . import sweep
    from .config import configured

    settings = configured(sweep.SETTINGS, config, change, steps, None)
    typer.echo(sweep.markdown(sweep.sweep(settings, photos, paintings, out, vgg, teacher)))


@app.command()
def recipe(
    photos: Photos,
    paintings: Paintings,
    out: Annotated[Path, typer.Option(help="Folder for a run of every stage, the weights, and the model.")],
    vgg: VggFile = None,
    start: Start = None,
    minutes: Annotated[float, typer.Option(help="Of everything together, export included.")] = 0.0,
    change: Annotated[list[str] | None, typer.Option("--set", help="STAGE.KEY=VALUE; may be repeated.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="A few steps of every stage, to see that it runs.")
    ] = False,
) -> None:
    """From pictures to a model in one command: the five stages, then the export."""
    from . import recipe
    from .progress import say

    say(recipe.run(photos, paintings, out, minutes, start or "scratch", vgg, change or (), dry_run))


@app.command()
def motion(
    photos: Photos,
    out: Annotated[Path, typer.Option(help="The run's folder: flownet.safetensors and its log.")],
    config: ConfigFile = None,
    change: Changes = None,
    steps: Steps = None,
    minutes: Annotated[float | None, typer.Option(help="End cleanly after so long.")] = None,
) -> None:
    """Motion stage: a small network learns to find motion between two frames."""
    from .config import configured
    from .stages.motion import Config, train

    settings = configured(Config(), config, change, steps, minutes)
    typer.echo(train(settings, photos, out))


@app.command()
def motion_report(
    out: Annotated[Path, typer.Option("--output", "-o", help="Folder for motion.json and motion.md.")],
    weights: Annotated[
        Path | None, typer.Option(help="flownet.safetensors of a network; otherwise the released.")
    ] = None,
    sintel: Annotated[Path | None, typer.Option(help="MPI-Sintel with its true flow.")] = None,
    photos: Annotated[list[Path] | None, typer.Option(help="Those of the motion stage; may be repeated.")] = None,
) -> None:
    """Compare ways of finding motion: how far off they are and what they cost."""
    from .evaluation import motion_report

    out.mkdir(parents=True, exist_ok=True)
    result = motion_report.compare(weights, sintel, photos or ())
    table = motion_report.markdown(result)
    write_text(out / "motion.json", json.dumps(result, indent=1))
    write_text(out / "motion.md", table)
    typer.echo(table)


@app.command()
def pack(
    folders: Annotated[list[Path], typer.Argument(help="Folders of pictures or clips.", metavar="FOLDER")],
    out: Annotated[Path, typer.Option(help="The pack to write.")],
    side: Annotated[int, typer.Option(help="Pictures are cut to squares of this side, in pixels.")] = 256,
    limit_mb: Annotated[float | None, typer.Option(help="The pack may not be larger than this.")] = None,
    kind: Annotated[str, typer.Option(help="images or clips.")] = "images",
    frames: Annotated[int, typer.Option(help="Frames of each stretch that clips are cut into.")] = 8,
) -> None:
    """Pack folders into one file that loads straight into memory."""
    from .data.pack import left_out, pack

    done = pack(folders, out, side, limit_mb, kind, frames)
    size = f"{done['mb']:.1f} MB" if done["mb"] >= 1 else f"{1000 * done['mb']:.0f} kB"
    typer.echo(f"Packed {done['kept']} of {done['found']} {kind} into {out}: {size} at quality {done['quality']}.")
    if done["unreadable"]:
        typer.echo(f"Warning: {left_out(done['unreadable'], kind)}", err=True)


def main() -> None:
    """Runs the command line; a mistake in the input is one sentence and exit code 2."""
    try:
        app()
    except BadInput as e:
        print(f"Error: {e}", file=sys.stderr)
        raise SystemExit(2) from None
    except OSError as e:
        sentence = refusal(e, e.filename or "the output")
        if sentence is None:
            raise
        print(f"Error: {sentence}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
