using System.Text;
using Microsoft.Extensions.Logging.Abstractions;

namespace Audit.Journal.Tests;

/// <summary>Several nodes on one PostgreSQL, and what breaks between them.</summary>
public sealed class PostgresNodesTests : IAsyncLifetime
{
    private PostgresPlace place = null!;
    private IAuditStore one = null!;
    private IAuditStore two = null!;

    public async Task InitializeAsync()
    {
        place = await PostgresPlace.CreateAsync();
        var opened = await Task.WhenAll(place.OpenAsync(), place.OpenAsync());
        (one, two) = (opened[0], opened[1]);
    }

    public async Task DisposeAsync()
    {
        await one.DisposeAsync();
        await two.DisposeAsync();
        await place.DisposeAsync();
    }

    [PostgresFact]
    public async Task two_nodes_on_the_same_streams_lose_no_event_and_double_none()
    {
        string[] streams = [.. Enumerable.Range(0, 100).Select(i => $"call|{i}")];

        var receipts = await Task.WhenAll(
            WriteAllAsync(one, streams, 10, 0), WriteAllAsync(two, streams, 10, 0),
            WriteAllAsync(two, streams, 10, 200)).OrHung();

        var stored = (await one.ReadAllAsync()).Where(row => row.PersistenceId.StartsWith("call|")).ToList();
        Assert.Equal(3 * 10 * streams.Length, stored.Count);
        Assert.All(
            stored.GroupBy(row => row.PersistenceId),
            stream => Assert.Equal(Enumerable.Range(1, 30).Select(i => (long)i), stream.Select(row => row.Sequence)));
        Assert.Equal(
            stored.Select(row => (row.Position, row.PersistenceId, row.Sequence)),
            receipts.SelectMany(receipt => receipt).Order());
    }

    [PostgresFact]
    public async Task nodes_that_meet_the_same_sessions_at_once_do_not_wait_for_each_other_for_ever()
    {
        for (var round = 0; round < 20; round++)
        {
            var streams = Enumerable.Range(0, 100).Select(i => new StreamKey($"call|ci|s-{round}-{i}|c")).ToArray();
            await Task.WhenAll(
                one.Seal.Payloads.EnsureAsync(streams, CancellationToken.None),
                two.Seal.Payloads.EnsureAsync(streams.Reverse(), CancellationToken.None)).OrHung();
        }
    }

    [PostgresFact]
    public async Task waiting_ends_when_another_node_appends()
    {
        var waiting = one.Journal.WaitForMoreAsync(0, CancellationToken.None);
        var positions = await two.AppendAsync(Rows.Row(Rows.Handle("call"), 1));
        Assert.Equal(positions[0], await waiting.OrHung());
    }

    [PostgresFact]
    public async Task killed_connections_are_replaced_and_no_event_is_lost_or_doubled()
    {
        using var stop = new CancellationTokenSource();
        var killer = Task.Run(async () =>
        {
            var killed = 0L;
            while (!stop.IsCancellationRequested)
            {
                killed += await KillAsync();
                // Ever longer, for on a crowded machine no append is done between two that are near to each other.
                await Task.Delay(30 + (int)(3 * killed));
            }

            return killed;
        });

        string[] streams = [.. Enumerable.Range(0, 20).Select(i => $"call|{i}")];
        long killed;
        try
        {
            await Task.WhenAll(WriteAllAsync(one, streams, 15, 0), WriteAllAsync(two, streams, 15, 200)).OrHung();
        }
        finally
        {
            await stop.CancelAsync();
            killed = await killer;
        }

        // Each node has a connection that writes and one that listens; more than these were opened in others' places.
        Assert.True(killed > 4, $"Only {killed} connections were killed.");
        var rows = (await ReadAllPatientlyAsync()).Where(row => row.PersistenceId.StartsWith("call|")).ToList();
        Assert.Equal(30 * streams.Length, rows.Count);
        Assert.Equal(rows.Count, rows.Select(row => Encoding.UTF8.GetString(row.Message)).Distinct().Count());
        Assert.All(streams, stream => Assert.Equal(
            Enumerable.Range(1, 30).Select(i => (long)i),
            rows.Where(row => row.PersistenceId == stream).Select(row => row.Sequence)));
    }

    [PostgresFact]
    public async Task what_breaks_out_of_every_callers_hearing_is_reported()
    {
        var failures = new FailureLog(NullLogger.Instance, TimeProvider.System);
        await using var store = await place.OpenAsync(failures);
        Assert.Empty(failures.Counts);
        for (var looks = 0; looks < 300 && !failures.Counts.ContainsKey("journal listener"); looks++)
        {
            await KillAsync();
            await Task.Delay(100);
        }

        Assert.Contains("journal listener", failures.Counts.Keys);
    }

    [PostgresFact]
    public async Task a_node_whose_connections_died_while_idle_goes_on()
    {
        await one.WriteStreamAsync("call", 1);
        await one.ReadAllAsync();
        await KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(1.5));

        var positions = await one.AppendAsync(Rows.Row(Rows.Handle("call"), 2));

        Assert.Equal([1, 2], await one.SequencesAsync("call"));
        Assert.Equal(positions[0], await one.Journal.LastPositionAsync(CancellationToken.None));
        var waiting = one.Journal.WaitForMoreAsync(positions[0], CancellationToken.None);
        await two.AppendAsync(Rows.Row(Rows.Handle("call"), 3));
        Assert.True(await waiting.OrHung() > positions[0]);
    }

    private static async Task<List<(long Position, string Stream, long Sequence)>> WriteAllAsync(
        IAuditStore node, string[] streams, int eventsEach, int neighbours)
    {
        var receipts = new List<(long, string, long)>();
        var left = streams.ToDictionary(stream => stream, _ => eventsEach);
        var at = streams.ToDictionary(stream => stream, _ => 0L);
        var mine = streams.ToDictionary(stream => stream, stream => new HashSet<long>());
        var handles = streams.ToDictionary(stream => stream, Rows.Handle);
        while (left.Values.Any(count => count > 0))
        {
            var rows = streams.Where(stream => left[stream] > 0)
                .Select(stream => Rows.Row(handles[stream], at[stream] + 1, Token(node, at[stream] + 1))).ToList();
            var positions = new long[rows.Count + neighbours];
            var known = await TryAppendAsync(node, [.. rows, .. Rows.Neighbours(neighbours)], positions);
            for (var i = 0; i < rows.Count; i++)
            {
                var stream = rows[i].Stream.Key.ToString();
                if (known && positions[i] > 0)
                {
                    receipts.Add((positions[i], stream, ++at[stream]));
                    left[stream]--;
                    continue;
                }
                // Another was first, or nobody knows: the stream is read again, as a node does.
                Assert.True(!known || rows[i].Stream.Lost);
                handles[stream] = Rows.Handle(stream);
                var found = await ReadPatientlyAsync(node, stream);
                if (found.Any(row => row.Sequence == at[stream] + 1 && Same(row, rows[i])))
                {
                    left[stream]--;
                }

                at[stream] = found.Count;
            }
        }
        return receipts;
    }

    private static string Token(IAuditStore node, long sequence) => $"{node.GetHashCode()} {sequence} {Guid.NewGuid()}";

    private static bool Same(JournalRow stored, RowToAppend asked) => asked.Message.Span.SequenceEqual(stored.Message);

    private static async Task<bool> TryAppendAsync(IAuditStore node, List<RowToAppend> rows, long[] positions)
    {
        try
        {
            await node.Journal.AppendAsync(rows, positions, CancellationToken.None);
            return true;
        }
        catch (JournalUnavailableException)
        {
            return false;
        }
    }

    private static async Task<IReadOnlyList<JournalRow>> ReadPatientlyAsync(IAuditStore node, string stream)
    {
        while (true)
        {
            try
            {
                return await node.Journal.ReadStreamAsync(new StreamKey(stream), 0, 1000, CancellationToken.None);
            }
            catch (JournalUnavailableException)
            {
                await Task.Delay(10);
            }
        }
    }

    private async Task<IReadOnlyList<JournalRow>> ReadAllPatientlyAsync()
    {
        while (true)
        {
            try
            {
                return await one.ReadAllAsync();
            }
            catch (JournalUnavailableException)
            {
                await Task.Delay(10);
            }
        }
    }

    /// <summary>Kills every connection but its own.</summary>
    private async Task<long> KillAsync() => (long)(await place.ExecuteAsync(
        """
        SELECT count(*) FILTER (WHERE pg_terminate_backend(pid))
        FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        """))!;
}
