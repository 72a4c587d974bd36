"""looksay: a live narrator. It looks through the camera and says what is new, on the machine it runs on.

    source ──▶ frames ──▶ backend ──▶ text ──▶ novelty ──▶ outputs
    pixels     worth      words, as   whole    worth       terminal · voice · page · log · subtitles
               a look?    they come   sentences saying?

    cli, config    the command line; every setting      commands/      what each command is made of
    cleaning, markdown  a model's output to plain text
    events, protocols   what flows; its interfaces      live/          the loop: frames in, sentences out
    sources/       cameras, streams, videos             demo/          the drawn world
    frames/        change detection, visibility         novelty/       which sentences are new
    backends/      mlx, openai, llama, transformers     models/        registry, download, file headers
    check/         does a model fit, does it see?       image_files/   reading pictures for describe
    audio/, terminal/, outputs/, web/   where sentences go, and the keys and page that control a run
    api_server/    serve, an OpenAI-compatible API      multicamera/   several cameras, one model
    bench/, score/ how fast, how well

Packages are layers; pyproject.toml says who may import whom (`lint-imports` checks it).
"""
