namespace Audit.Engine.Local;

/// <summary>Reads streams back from the journal.</summary>
internal sealed class StreamLoading(IJournal journal, BookSeal seal, EngineOptions options)
{
    /// <param name="add">Takes each stream that could be read.</param>
    /// <returns>Null for a stream that cannot be read; the others are live.</returns>
    public async Task<LiveStream?[]> LoadAsync(Submission[] submissions, Action<LiveStream> add)
    {
        var streams = new LiveStream?[submissions.Length];
        try
        {
            var stored = await journal.ReadStreamsAsync(
                [.. submissions.Select(submission => submission.Stream)], CancellationToken.None);
            for (var index = 0; index < submissions.Length; index++)
            {
                streams[index] = Replay(submissions[index], stored[index]);
                if (streams[index] is { } stream)
                {
                    add(stream);
                }
            }
        }
        catch (Exception exception)
        {
            // However the read failed, every item of these streams is answered as not known and may be sent again.
            options.Failures.Report("engine read", exception);
        }

        return streams;
    }

    private LiveStream? Replay(Submission submission, IReadOnlyList<JournalRow> stored)
    {
        try
        {
            var stream = LiveStream.For(submission);
            foreach (var row in stored)
            {
                stream.Replay(row, seal.Proof.Proves(row));
            }

            return stream;
        }
        catch (InvalidDataException exception)
        {
            options.Failures.Report("engine replay", exception);
            return null;
        }
    }
}
