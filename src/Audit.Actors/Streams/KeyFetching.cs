using Akka.Actor;

namespace Audit.Actors.Streams;

/// <summary>Fetches the keys of payloads: one transaction for all actors that wait for theirs.</summary>
internal sealed class KeyFetching(PayloadKeys payloads)
{
    /// <summary>Akka.Persistence.Sql's writes may keep a SQLite file from everybody else for seconds.</summary>
    private const int MostTries = 5;

    private readonly Lock gate = new();
    private List<(StreamKey Stream, IActorRef Actor)> waiting = [];
    private bool isFetching;

    /// <summary>The actor is sent a <see cref="KeyFetched"/>, whatever becomes of it.</summary>
    public void Fetch(StreamKey stream, IActorRef actor)
    {
        lock (gate)
        {
            waiting.Add((stream, actor));
            if (isFetching)
            {
                return;
            }

            isFetching = true;
        }

        _ = Task.Run(FetchWaitingAsync);
    }

    private async Task FetchWaitingAsync()
    {
        while (Take() is { Count: > 0 } lot)
        {
            var failure = await FetchAsync(lot.Select(one => one.Stream));
            for (var tries = 1; IsLocked(failure) && tries < MostTries; tries++)
            {
                failure = await FetchAsync(lot.Select(one => one.Stream));
            }

            foreach (var (_, actor) in lot)
            {
                actor.Tell(new KeyFetched(failure), ActorRefs.NoSender);
            }
        }
    }

    private static bool IsLocked(Exception? failure) =>
        failure is JournalUnavailableException { Trouble: JournalTrouble.Locked };

    private async Task<Exception?> FetchAsync(IEnumerable<StreamKey> streams)
    {
        try
        {
            await payloads.EnsureAsync(streams, CancellationToken.None);
            return null;
        }
        catch (Exception failure)
        {
            // However it failed, each actor reports it and answers its mail as not known.
            return failure;
        }
    }

    private List<(StreamKey Stream, IActorRef Actor)> Take()
    {
        lock (gate)
        {
            var lot = waiting;
            isFetching = lot.Count > 0;
            waiting = [];
            return lot;
        }
    }
}

internal sealed record KeyFetched(Exception? Failure);
