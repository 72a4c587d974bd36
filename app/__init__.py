"""looksay: looks through the camera and says what is new, on the machine it runs on.

    frame ──▶ gate ──▶ describer ──▶ sentences ──▶ news ──▶ outputs
    pixels    worth     words, as     whole        worth    terminal · voice · page · log · subtitles
              a look?   they come     sentences    saying?

    cli.py        the command line: which command, which settings;  parsers.py: what each takes
    settings.py   every knob, one field each
    errors.py     failures that can be explained, with their remedies
    flow.py       what flows, and the seams between the rooms;  pixels.py: what a picture is
    shown.py      what flows to people who look on and steer;  regions.py: where a picture differs, for them to see
    card.py       what is known of a model before it is loaded;  wish.py: what is wished of it beyond that
    layers.py     which parts of a model are quantized;  rope.py: how it counts positions
    harmless.py   text that a terminal may be shown;  stdio.py: how it is written;  jpeg.py: a frame as a file
    kept.py       small files from one start to the next
    wiring/       the one place that names concrete classes
    narrator.py   the live loop;  telling.py: one description as it comes;  tally.py: counts for the status line
    recent.py     the frames that are shown together;  outage.py: while a model elsewhere cannot be asked
    attention.py  which frame is looked at, by gate.py (with shake.py), view.py (coarse.py, blur.py, freeze.py) and
                  pace.py
    news/         which sentences are worth telling;  sentences.py: where they end;  doubt.py: which cannot be trusted
    verbosity.py  how many are told
    desk.py       what people ask meanwhile, given as orders.py says;  once.py: `ask`
    wishes.py     what a wish comes to, from keys or page;  steer.py: what the page may ask of a run
    eye.py        the mailbox for the pictures of a browser's camera
    crowd/        several cameras and one model: a narrator for each, fed in turn;  turns.py: whose turn it is
    lookout.py    what is watched for, decided in watching.py
    signals.py    Ctrl-C and its like, for every command that goes on
    live.py       who runs where: the inference thread, the main thread, the end;  ahead.py: a camera opened meanwhile
    infer.py      the inference thread, and going over to another camera or model;  pulse.py: a model that hangs
    describe/     pictures and clips on request;  moments.py: times in a clip, as people write them
    pictures/     reading pictures from wherever they are: common ground, as flow.py is
    cameras/      where frames come from
    vision/       what turns frames into words
    outputs/      where sentences go
    inputs/       where people's wishes come from: the keys
    serve/        mlx-vlm's own server, guarded
    history/      looking back at a log;  logbook.py: what those who write and read one agree on
    score/        how well a clip was narrated whose truth is known
    check/        does this model fit, and does it see? what this machine has, and what it lacks
    headers/      what model files say of themselves: common ground of store and check
    bench/        how fast it is here, beside other ways
    store/        models: the registry, the lock, fetching and converting

Rooms never import one another.
"""
