using System.Data.Common;

namespace Audit.Journal.Tests;

/// <summary>What every store's journal keeps.</summary>
public abstract class JournalContract : IAsyncLifetime
{
    private IStorePlace place = null!;

    protected IAuditStore Store { get; private set; } = null!;

    private IJournal Journal => Store.Journal;

    protected abstract Task<IStorePlace> PlaceAsync();

    public async Task InitializeAsync()
    {
        place = await PlaceAsync();
        Store = await place.OpenAsync();
    }

    public async Task DisposeAsync()
    {
        await Store.DisposeAsync();
        await place.DisposeAsync();
    }

    [ContractFact]
    public async Task an_empty_journal_has_no_rows_and_last_position_zero()
    {
        Assert.Equal(0, await Journal.LastPositionAsync(CancellationToken.None));
        Assert.Empty(await Store.ReadAllAsync());
        Assert.Null(await Journal.ReadRowAsync(1, CancellationToken.None));
        Assert.Empty(await Journal.ReadBeforeAsync(long.MaxValue, 10, 1000, CancellationToken.None));
    }

    [ContractFact]
    public async Task events_are_found_by_their_place_in_their_stream()
    {
        var one = Rows.Handle("call|one");
        var other = Rows.Handle("call|other");
        var positions = await Store.AppendAsync([
            new RowToAppend(one, 1, "m", 1, new byte[] { 1 }), new RowToAppend(other, 1, "m", 1, new byte[] { 1 }),
            new RowToAppend(one, 2, "m", 1, new byte[] { 1 })]);

        var found = await Journal.ReadPositionsAsync(
            [new(one.Key, 2), new(other.Key, 2), new(other.Key, 1), new(one.Key, 1), new(one.Key, 2)], CancellationToken.None);

        Assert.Equal([positions[2], 0, positions[1], positions[0], positions[2]], found);
        Assert.Empty(await Journal.ReadPositionsAsync([], CancellationToken.None));
    }

    [ContractFact]
    public async Task an_appended_row_reads_back_field_for_field()
    {
        foreach (var company in Rows.FewAndMany)
        {
            var handle = Rows.Handle($"call|with {company} others");
            var row = new RowToAppend(handle, 1, "call.violated.v2", 638_123_456_789_012_345, new byte[] { 0, 1, 0xFF, 0 });
            var positions = await Store.AppendAsync([row, .. Rows.Neighbours(company)]);

            var read = await Journal.ReadRowAsync(positions[0], CancellationToken.None);

            Assert.NotNull(read);
            Assert.Equal(positions[0], read.Position);
            Assert.Equal(handle.Key.ToString(), read.PersistenceId);
            Assert.Equal(1, read.Sequence);
            Assert.Equal("call.violated.v2", read.Manifest);
            Assert.Equal(638_123_456_789_012_345, read.CreatedTicks);
            Assert.Equal([0, 1, 0xFF, 0], read.Message);
            Assert.Equal(JournalTable.SerializerId, read.Identifier);
            Assert.False(read.Deleted);
            Assert.Matches("^[A-Za-z0-9_-]{11}$", read.WriterUuid);
        }
    }

    [ContractFact]
    public async Task a_stream_that_was_cut_takes_nothing_says_so_and_keeps_no_other_from_being_written()
    {
        var keeping = Rows.Handle("operator|keeping");
        foreach (var (index, company) in Rows.FewAndMany.Index())
        {
            var name = $"call|cut beside {company}";
            var wrote = await Store.WriteStreamAsync(name, 3);
            var disposal = (await Store.AppendAsync([Rows.Row(keeping, index + 1)]))[0];
            await place.RunAsync(
                $"""
                INSERT INTO journal_cut SELECT ordering, sequence_number, created, message, {disposal} FROM journal
                WHERE persistence_id = '{name}';
                INSERT INTO journal_cut_stream VALUES ('{name}', 3, {disposal});
                DELETE FROM journal WHERE persistence_id = '{name}'
                """);

            // By whom wrote it, who read it before, and who takes it for a new one.
            foreach (var (handle, sequence) in new[] { (wrote, 4), (Rows.Handle(name), 4), (Rows.Handle(name), 1) })
            {
                var other = Rows.Row(Rows.Handle($"call|{Guid.NewGuid()}"), 1);
                var positions = await Store.AppendAsync([Rows.Row(handle, sequence), .. Rows.Neighbours(company), other]);
                Assert.True(handle.Lost);
                Assert.Equal(0, positions[0]);
                Assert.DoesNotContain(0, positions[1..]);
            }

            var read = await Journal.ReadStreamsAsync([new(name), wrote.Key, keeping.Key, new("call|none")], CancellationToken.None);
            Assert.All(read.Take(2), rows => Assert.Equal(
                (JournalTable.CutManifest, 3L, disposal), Assert.Single(rows) is var row ? (row.Manifest, row.Sequence, row.Position) : default));
            Assert.Equal([index + 1, 0], read.Skip(2).Select(rows => rows.Count));
            await Assert.ThrowsAnyAsync<DbException>(() => place.RunAsync(
                $"INSERT INTO journal (created, deleted, persistence_id, sequence_number, message) SELECT 1, deleted, '{name}', 7, message FROM journal LIMIT 1"));
        }
    }

    [ContractFact]
    public async Task positions_ascend_in_the_order_of_the_rows_and_are_the_stored_ones()
    {
        var receipts = new List<(string Stream, long Sequence, long Position)>();
        foreach (var company in Rows.FewAndMany)
        {
            var handle = Rows.Handle($"call|{company}");
            RowToAppend[] rows =
            [
                Rows.Row(handle, 1), .. Rows.Neighbours(company), Rows.Row(handle, 2), .. Rows.Neighbours(2), Rows.Row(handle, 3),
            ];
            var positions = await Store.AppendAsync(rows);
            receipts.AddRange(rows.Zip(positions, (row, position) => (row.Stream.Key.ToString(), row.Sequence, position)));
        }

        var stored = (await Store.ReadAllAsync()).Select(row => (row.PersistenceId, row.Sequence, row.Position));

        Assert.Equal(stored, receipts);
        Assert.Equal(receipts[^1].Position, await Journal.LastPositionAsync(CancellationToken.None));
    }

    [ContractFact]
    public async Task an_empty_append_writes_nothing()
    {
        Assert.Empty(await Store.AppendAsync());
        Assert.Equal(0, await Journal.LastPositionAsync(CancellationToken.None));
    }

    [ContractFact]
    public async Task a_stream_goes_on_from_its_last_event()
    {
        foreach (var company in Rows.FewAndMany)
        {
            var stream = $"call|{company}";
            var handle = await Store.WriteStreamAsync(stream, 2);

            var positions = await Store.AppendAsync([Rows.Row(handle, 3), .. Rows.Neighbours(company), Rows.Row(handle, 4)]);

            Assert.DoesNotContain(0, positions);
            Assert.False(handle.Lost);
            Assert.Equal([1, 2, 3, 4], await Store.SequencesAsync(stream));
        }
    }

    [ContractFact]
    public async Task a_stream_expected_to_be_new_that_is_not_is_lost_whole_and_its_neighbours_land()
    {
        foreach (var company in Rows.FewAndMany)
        {
            var stream = $"call|{company}";
            await Store.WriteStreamAsync(stream, 1);
            await LosesWholeAsync(stream, firstSequence: 1, company);
            Assert.Equal([1], await Store.SequencesAsync(stream));
        }
    }

    [ContractFact]
    public async Task a_stream_expected_too_low_is_lost_whole_and_its_neighbours_land()
    {
        foreach (var company in Rows.FewAndMany)
        {
            var stream = $"call|{company}";
            await Store.WriteStreamAsync(stream, 3);
            await LosesWholeAsync(stream, firstSequence: 3, company);
            Assert.Equal([1, 2, 3], await Store.SequencesAsync(stream));
        }
    }

    [ContractFact]
    public async Task a_stream_expected_too_high_is_lost_whole_and_its_neighbours_land()
    {
        foreach (var company in Rows.FewAndMany)
        {
            var stream = $"call|{company}";
            await Store.WriteStreamAsync(stream, 2);
            await LosesWholeAsync(stream, firstSequence: 4, company);
            await LosesWholeAsync($"unknown|{company}", firstSequence: 2, company);
            Assert.Equal([1, 2], await Store.SequencesAsync(stream));
            Assert.Empty(await Store.SequencesAsync($"unknown|{company}"));
        }
    }

    [ContractFact]
    public async Task a_lost_handle_stays_lost_even_when_the_numbers_would_fit_again()
    {
        foreach (var company in Rows.FewAndMany)
        {
            var stream = $"call|{company}";
            var handle = Rows.Handle(stream);
            await Store.AppendAsync([Rows.Row(handle, 2), .. Rows.Neighbours(company)]);
            Assert.True(handle.Lost);
            await Store.WriteStreamAsync(stream, 1);

            var positions = await Store.AppendAsync([Rows.Row(handle, 2), .. Rows.Neighbours(company)]);

            Assert.Equal(0, positions[0]);
            Assert.Equal(company, positions.Count(position => position > 0));
            Assert.Equal([1], await Store.SequencesAsync(stream));
        }
    }

    [ContractFact]
    public async Task an_append_of_lost_handles_only_writes_nothing()
    {
        var handle = Rows.Handle("call");
        handle.Lose();

        var positions = await Store.AppendAsync(Rows.Row(handle, 1), Rows.Row(handle, 2));

        Assert.Equal([0, 0], positions);
        Assert.Empty(await Store.ReadAllAsync());
    }

    [ContractFact]
    public async Task every_stream_of_a_large_append_may_be_lost()
    {
        await Store.WriteStreamAsync("call", 1);
        var handles = Enumerable.Range(0, Rows.Many).Select(i => Rows.Handle($"call|{i}")).ToList();
        await Store.AppendAsync([.. handles.Select(handle => Rows.Row(handle, 1))]);
        var late = Enumerable.Range(0, Rows.Many).Select(i => Rows.Handle($"call|{i}")).ToList();

        var positions = await Store.AppendAsync([.. late.Select(handle => Rows.Row(handle, 1))]);

        Assert.All(positions, position => Assert.Equal(0, position));
        Assert.All(late, handle => Assert.True(handle.Lost));
        Assert.Equal(1 + Rows.Many, (await Store.ReadAllAsync()).Count);
    }

    [ContractFact]
    public async Task of_two_handles_of_one_stream_in_one_append_the_first_wins()
    {
        foreach (var company in Rows.FewAndMany)
        {
            var (first, second) = (Rows.Handle($"call|{company}"), Rows.Handle($"call|{company}"));

            var positions = await Store.AppendAsync(
                [Rows.Row(first, 1), Rows.Row(second, 1), Rows.Row(first, 2), .. Rows.Neighbours(company)]);

            Assert.Equal(0, positions[1]);
            Assert.Equal(2 + company, positions.Count(position => position > 0));
            Assert.False(first.Lost);
            Assert.True(second.Lost);
        }
    }

    [ContractFact]
    public async Task appends_that_do_not_wait_for_each_other_are_written_in_the_order_they_were_asked()
    {
        var handle = Rows.Handle("call");
        var appends = Enumerable.Range(0, 50)
            .Select(i => Store.AppendAsync([Rows.Row(handle, i + 1), .. Rows.Neighbours(i % 2 == 0 ? 3 : 150)]))
            .ToList();

        var positions = await Task.WhenAll(appends).OrHung();

        Assert.False(handle.Lost);
        Assert.Equal(positions.Select(append => append[0]).Order(), positions.Select(append => append[0]));
        Assert.Equal(Enumerable.Range(1, 50).Select(i => (long)i), await Store.SequencesAsync("call"));
    }

    [ContractFact]
    public async Task appends_from_many_threads_all_land_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
            {
                await Store.AppendAsync([.. Rows.Neighbours(1 + i * writer % 90)]);
            }
        }))).OrHung();

        var expected = Enumerable.Range(0, 16).Sum(writer => Enumerable.Range(0, 25).Sum(i => 1 + i * writer % 90));
        var rows = await Store.ReadAllAsync();
        Assert.Equal(expected, rows.Count);
        Assert.Equal(expected, rows.Select(row => row.PersistenceId).Distinct().Count());
    }

    [ContractFact]
    public async Task a_gap_within_a_stream_of_an_append_is_a_mistake_of_the_caller_and_writes_nothing()
    {
        var handle = Rows.Handle("call");

        await Assert.ThrowsAsync<ArgumentException>(
            () => Store.AppendAsync([.. Rows.Neighbours(2), Rows.Row(handle, 1), Rows.Row(handle, 3)]));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.AppendAsync(Rows.Row(handle, 2), Rows.Row(handle, 1)));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.AppendAsync(Rows.Row(handle, 0)));

        Assert.Empty(await Store.ReadAllAsync());
        Assert.False(handle.Lost);
        Assert.DoesNotContain(0, await Store.AppendAsync(Rows.Row(handle, 1)));
    }

    [ContractFact]
    public async Task a_persistence_id_has_at_most_255_characters()
    {
        var longest = new string('ü', 254) + "😀";
        await Store.WriteStreamAsync(longest, 1);
        Assert.Equal([1], await Store.SequencesAsync(longest));

        await Assert.ThrowsAsync<ArgumentException>(() => Store.WriteStreamAsync(new string('a', 256), 1));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.WriteStreamAsync("", 1));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.WriteStreamAsync("a\0b", 1));
        await Assert.ThrowsAsync<ArgumentException>(
            () => Store.AppendAsync(Rows.Row(new StreamHandle(new StreamKey([0xC3, 0x28])), 1)));
    }

    [ContractFact]
    public async Task too_little_room_for_the_positions_is_a_mistake_of_the_caller()
    {
        var handle = Rows.Handle("call");
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Journal.AppendAsync(
            [Rows.Row(handle, 1), Rows.Row(handle, 2)], new long[1], CancellationToken.None));
        Assert.Empty(await Store.ReadAllAsync());
    }

    [ContractFact]
    public async Task an_append_cancelled_before_its_turn_writes_nothing()
    {
        var handle = Rows.Handle("call");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Journal.AppendAsync([Rows.Row(handle, 1)], new long[1], new CancellationToken(canceled: true)));
        Assert.Empty(await Store.ReadAllAsync());
        Assert.False(handle.Lost);
    }

    [ContractFact]
    public async Task streams_whose_names_differ_by_little_are_different_streams()
    {
        string[] names = ["a", "A", "a ", " a", "ä", "a\u0308", "a/b", "a/./b", "'; DROP TABLE journal --", "a|b", "a%", "a\\", "日本"];
        for (var i = 0; i < names.Length; i++)
        {
            await Store.WriteStreamAsync(names[i], i + 1);
        }

        var streams = await Journal.ReadStreamsAsync([.. names.Select(name => new StreamKey(name))], CancellationToken.None);

        Assert.Equal(Enumerable.Range(1, names.Length), streams.Select(rows => rows.Count));
        Assert.All(names.Zip(streams), pair => Assert.All(pair.Second, row => Assert.Equal(pair.First, row.PersistenceId)));
    }

    [ContractFact]
    public async Task streams_are_read_in_the_order_asked_and_an_unknown_one_is_empty()
    {
        await Store.WriteStreamAsync("b", 2);
        await Store.WriteStreamAsync("a", 3);

        var streams = await Journal.ReadStreamsAsync(
            [new StreamKey("b"), new StreamKey("unknown"), new StreamKey("a"), new StreamKey("b")], CancellationToken.None);

        Assert.Equal([2, 0, 3, 2], streams.Select(rows => rows.Count));
        Assert.Equal([1, 2, 3], streams[2].Select(row => row.Sequence));
        Assert.Empty(await Journal.ReadStreamsAsync([], CancellationToken.None));
    }

    [ContractFact]
    public async Task a_stream_is_read_after_a_sequence_number_up_to_a_limit()
    {
        await Store.WriteStreamAsync("call", 10);
        await Store.WriteStreamAsync("call2", 10);

        var rows = await Journal.ReadStreamAsync(new StreamKey("call"), 3, 4, CancellationToken.None);

        Assert.Equal([4, 5, 6, 7], rows.Select(row => row.Sequence));
        Assert.Empty(await Journal.ReadStreamAsync(new StreamKey("call"), 10, 4, CancellationToken.None));
    }

    [ContractFact]
    public async Task all_streams_are_read_after_a_position_up_to_a_limit()
    {
        var positions = await Store.AppendAsync([.. Rows.Neighbours(10)]);

        var rows = await Journal.ReadAfterAsync(positions[2], 3, long.MaxValue, CancellationToken.None);

        Assert.Equal(positions[3..6], rows.Select(row => row.Position));
        Assert.Empty(await Journal.ReadAfterAsync(positions[^1], 3, long.MaxValue, CancellationToken.None));
    }

    [ContractFact]
    public async Task all_streams_are_read_before_a_position_newest_first()
    {
        var positions = await Store.AppendAsync([.. Rows.Neighbours(10)]);

        var rows = await Journal.ReadBeforeAsync(positions[8], 3, long.MaxValue, CancellationToken.None);

        Assert.Equal([positions[7], positions[6], positions[5]], rows.Select(row => row.Position));
        Assert.Empty(await Journal.ReadBeforeAsync(positions[0], 3, long.MaxValue, CancellationToken.None));
    }

    [ContractFact]
    public async Task a_page_ends_soon_after_its_bytes_but_never_before_one_row()
    {
        var message = new string('x', 100);
        var positions = await Store.AppendAsync(
            [.. Enumerable.Range(0, 10).Select(i => Rows.Row(Rows.Handle($"call|{i}"), 1, message))]);

        Assert.Equal(positions[..1], await PageAsync(0));
        Assert.Equal(positions[..1], await PageAsync(1));
        Assert.Equal(positions[..1], await PageAsync(100));
        Assert.Equal(positions[..2], await PageAsync(101));
        Assert.Equal(positions, await PageAsync(10_000));
        var newest = await Journal.ReadBeforeAsync(long.MaxValue, 100, 250, CancellationToken.None);
        Assert.Equal([positions[9], positions[8], positions[7]], newest.Select(row => row.Position));

        async Task<long[]> PageAsync(long bytes) =>
            [.. (await Journal.ReadAfterAsync(0, 100, bytes, CancellationToken.None)).Select(row => row.Position)];
    }

    [ContractFact]
    public async Task long_and_empty_messages_read_back_as_written()
    {
        foreach (var company in Rows.FewAndMany)
        {
            string[] messages = ["", new string('x', 5_000_000), "{}", new string('y', 262_000), ""];
            var rows = messages.Select((message, i) => Rows.Row(Rows.Handle($"call|{company}|{i}"), 1, message));
            var positions = await Store.AppendAsync([.. rows, .. Rows.Neighbours(company)]);

            for (var i = 0; i < messages.Length; i++)
            {
                var row = await Journal.ReadRowAsync(positions[i], CancellationToken.None);
                Assert.Equal(messages[i], System.Text.Encoding.UTF8.GetString(row!.Message));
            }
        }
    }

    [ContractFact]
    public async Task waiting_ends_at_once_where_there_is_more()
    {
        var positions = await Store.AppendAsync([.. Rows.Neighbours(3)]);
        Assert.Equal(positions[2], await Journal.WaitForMoreAsync(positions[0], CancellationToken.None).OrHung());
    }

    [ContractFact]
    public async Task waiting_ends_when_something_is_appended()
    {
        var before = (await Store.AppendAsync([.. Rows.Neighbours(1)]))[0];
        var waiting = Enumerable.Range(0, 10).Select(_ => Journal.WaitForMoreAsync(before, CancellationToken.None)).ToList();
        Assert.All(waiting, wait => Assert.False(wait.IsCompleted));

        var positions = await Store.AppendAsync([.. Rows.Neighbours(1)]);

        Assert.All(await Task.WhenAll(waiting).OrHung(), last => Assert.Equal(positions[0], last));
    }

    [ContractFact]
    public async Task waiting_can_be_given_up()
    {
        using var impatience = new CancellationTokenSource();
        var waiting = Journal.WaitForMoreAsync(0, impatience.Token);
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.OrHung());
    }

    [ContractFact]
    public async Task what_was_written_is_there_when_the_store_is_opened_again()
    {
        await Store.WriteStreamAsync("call", 3);
        var before = await Store.ReadAllAsync();
        await ReopenAsync();

        Assert.Equivalent(before, await Store.ReadAllAsync());
        Assert.Equal(before[^1].Position, await Journal.WaitForMoreAsync(0, CancellationToken.None).OrHung());
        var more = await Store.AppendAsync(Rows.Row(Rows.Handle("call"), 4));
        Assert.True(more[0] > before[^1].Position);
        Assert.NotEqual(before[0].WriterUuid, (await Store.ReadAllAsync())[^1].WriterUuid);
    }

    [ContractFact]
    public async Task a_closed_journal_takes_no_more_appends_and_finishes_those_it_took()
    {
        var handle = Rows.Handle("call");
        var taken = Store.AppendAsync(Rows.Row(handle, 1), Rows.Row(handle, 2));
        await Store.DisposeAsync();
        Assert.DoesNotContain(0, await taken);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => Store.AppendAsync(Rows.Row(handle, 3)));
        await Store.DisposeAsync();
        Store = await place.OpenAsync();
        Assert.Equal([1, 2], await Store.SequencesAsync("call"));
    }

    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await place.OpenAsync();
    }

    /// <summary>Two rows of the stream among neighbours, some of which go on with a stream of their own.</summary>
    private async Task LosesWholeAsync(string stream, long firstSequence, int company)
    {
        var loser = Rows.Handle(stream);
        var other = await Store.WriteStreamAsync($"other|{Guid.NewGuid()}", 1);

        var positions = await Store.AppendAsync(
        [
            .. Rows.Neighbours(1), Rows.Row(loser, firstSequence), Rows.Row(other, 2), Rows.Row(loser, firstSequence + 1),
            .. Rows.Neighbours(company),
        ]);

        Assert.True(loser.Lost);
        Assert.False(other.Lost);
        Assert.Equal(0, positions[1]);
        Assert.Equal(0, positions[3]);
        Assert.Equal(2 + company, positions.Count(position => position > 0));
        Assert.Equal([1, 2], await Store.SequencesAsync(other.Key.ToString()));
    }
}

public sealed class SqliteJournalContract : JournalContract
{
    protected override Task<IStorePlace> PlaceAsync() => Task.FromResult<IStorePlace>(new SqlitePlace());
}

[NeedsPostgres]
public sealed class PostgresJournalContract : JournalContract
{
    protected override async Task<IStorePlace> PlaceAsync() => await PostgresPlace.CreateAsync();
}
