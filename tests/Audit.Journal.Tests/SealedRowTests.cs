using System.Text;
using Audit.Journal.Events;
using Audit.Journal.Sealing;
using Audit.Lifecycle.Events;

namespace Audit.Journal.Tests;

public sealed class SealedRowTests
{
    private const string Stream = "call|ci|s|c";

    [Fact]
    public void any_byte_that_is_changed_and_any_place_that_is_another_leaves_a_row_unproven()
    {
        var row = Write("""{"text":"the secret"}""");
        Assert.True(TestKeys.Proof.Proves(row));
        for (var index = 0; index < row.Message.Length; index++)
        {
            var changed = row.Message.ToArray();
            changed[index] ^= 1;
            Assert.False(TestKeys.Proof.Proves(row with { Message = changed }), $"byte {index}");
        }

        Assert.False(TestKeys.Proof.Proves(row with { Sequence = 2 }));
        Assert.False(TestKeys.Proof.Proves(row with { PersistenceId = Stream + "2" }));
        Assert.False(TestKeys.Proof.Proves(row with { Manifest = "session.noted.v2" }));
        Assert.False(new EventProof(TestKeys.Row, Enumerable.Repeat((byte)1, 16).ToArray()).Proves(row));
        Assert.False(new EventProof(RowKeys.Of(new byte[RowKeys.KeyLength]), new byte[16]).Proves(row));
        Assert.False(TestKeys.Proof.Proves(row with { Message = "{}"u8.ToArray() }));
        Assert.False(TestKeys.Proof.Proves(row with { Message = [] }));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("""{"text":"short"}""")]
    [InlineData(null)]
    public void a_payload_opens_as_it_was_and_only_at_its_place_and_with_its_key(string? text)
    {
        text ??= $$"""{"text":"{{new string('x', 100_000)}}"}""";
        var row = Write(text);
        var key = Key(Stream);

        Assert.DoesNotContain("text", Encoding.UTF8.GetString(row.Message));
        Assert.EndsWith($",\"detail\":{text}}}", Encoding.UTF8.GetString(Payload.Open(row, "detail", key, out _)));
        foreach (var closed in new[]
        {
            Payload.Open(row, "detail", null, out _), Payload.Open(row, "detail", Key(Stream + "2"), out _),
            Payload.Open(row with { Sequence = 2 }, "detail", key, out _),
            Payload.Open(row with { PersistenceId = Stream + "2" }, "detail", key, out _),
        })
        {
            // The head stays readable, and nothing of the rest is there.
            var view = EventView.Read(closed);
            Assert.Equal("act", view.Text(EventField.Act));
            Assert.True(view.Raw(EventField.Detail).IsEmpty);
            Assert.DoesNotContain("payload", Encoding.UTF8.GetString(closed));
        }
    }

    [Fact]
    public void what_looks_like_a_payload_within_a_text_is_none()
    {
        using var writer = new EventWriter(TestKeys.Proof);
        writer.Begin(new StreamKey(Stream), 0, Key(Stream));
        var actor = "\",\"payload\":\"AAAA\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\"";
        var written = writer.WriteOperator("act", actor, default, """{"a":",\"payload\":\"AAAA\""}"""u8);
        var row = new JournalRow(1, Stream, 1, 0, written.Manifest, written.Message.ToArray());

        var view = EventView.Read(Payload.Open(row, "detail", Key(Stream), out _));
        Assert.Equal(actor, view.Text(EventField.Token));
        Assert.Equal("""{"a":",\"payload\":\"AAAA\""}""", Encoding.UTF8.GetString(view.Raw(EventField.Detail)));
        var bare = writer.WriteOperator("act", actor, default, default);
        var withoutPayload = new JournalRow(1, Stream, 2, 0, bare.Manifest, bare.Message.ToArray());
        Assert.Equal(actor, EventView.Read(Payload.Open(withoutPayload, "detail", Key(Stream), out _)).Text(EventField.Token));
    }

    [Fact]
    public void a_key_file_is_made_once_for_its_owner_alone_and_read_again()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("row.key");
        var made = RowKeys.Open(path, isNewStore: true);

        Assert.Equal(made.Id, RowKeys.Open(path, isNewStore: false).Id);
        Assert.Equal(made.Derive("use"), RowKeys.Open(path, isNewStore: true).Derive("use"));
        Assert.NotEqual(made.Derive("use"), made.Derive("another use"));
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(path) == OwnerOnly.Mode);
        Assert.False(RowKeys.IsBackedUp(path));
        RowKeys.BackUp(path, directory.File("copy.key"), DateTimeOffset.UnixEpoch);
        Assert.True(RowKeys.IsBackedUp(path));
        Assert.Equal(made.Id, RowKeys.Open(directory.File("copy.key"), isNewStore: false).Id);
        Assert.Contains("is there already", Assert.Throws<StoreException>(
            () => RowKeys.BackUp(path, directory.File("copy.key"), DateTimeOffset.UnixEpoch)).Message);
    }

    [Theory]
    [InlineData("", "holds no row keys")]
    [InlineData("audit row keys 1: keep this file apart from the database, and a copy of it\nabcd1234 AAAA\n", "its line 2 is no key")]
    [InlineData("something else\n", "holds no row keys")]
    public void a_file_that_holds_no_keys_is_refused_with_a_sentence(string text, string sentence)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory.File("row.key"), text);
        Assert.Contains(sentence, Assert.Throws<StoreException>(
            () => RowKeys.Open(directory.File("row.key"), isNewStore: false)).Message);
    }

    [Fact]
    public async Task a_store_is_opened_only_with_the_key_that_it_is_written_with()
    {
        await using var place = new SqlitePlace();
        await (await place.OpenAsync()).DisposeAsync();
        var address = $"sqlite:{place.File}";

        var other = RowKeys.Of(Enumerable.Repeat((byte)9, RowKeys.KeyLength).ToArray());
        Assert.Contains("written with the row key", (await Assert.ThrowsAsync<StoreException>(
            () => AuditStore.OpenAsync(address, _ => other, default))).Message);
        Assert.Contains("is missing", (await Assert.ThrowsAsync<StoreException>(() => AuditStore.OpenAsync(
            address, isNew => RowKeys.Open(place.File + ".none", isNew), default))).Message);
        await (await place.OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task a_store_of_the_rows_before_the_first_release_is_refused_with_a_sentence()
    {
        await using var place = new SqlitePlace();
        await (await place.OpenAsync()).DisposeAsync();
        place.Execute("UPDATE schema_version SET name = '001_journal' WHERE version = 1");

        Assert.Contains("begin with an empty store", (await Assert.ThrowsAsync<StoreException>(place.OpenAsync)).Message);
    }

    [Fact]
    public async Task a_key_that_was_ended_leaves_the_rows_and_takes_what_was_said()
    {
        await using var place = new SqlitePlace();
        var stream = new StreamKey("call|ci|s|c");
        await using (var store = await place.OpenAsync())
        {
            await store.Seal.Payloads.EnsureAsync([stream], default);
            Assert.True(store.Seal.Payloads.TryGet(stream, out var key));
            using var writer = new EventWriter(store.Seal.Proof);
            writer.Begin(stream, 0, key);
            var written = writer.WriteOperator("act", "ada", default, """{"text":"gone"}"""u8);
            await store.Journal.AppendAsync(
                [new RowToAppend(new StreamHandle(stream), 1, written.Manifest, 0, written.Message)], new long[1], default);
            Assert.Contains("gone", Encoding.UTF8.GetString((await store.Opened.ReadRowAsync(1, default))!.Message));
        }

        place.Execute("UPDATE payload_keys SET wrapped = NULL");
        await using var later = await place.OpenAsync();
        var row = (await later.Journal.ReadRowAsync(1, default))!;
        Assert.True(later.Seal.Proof.Proves(row));
        Assert.DoesNotContain("gone", Encoding.UTF8.GetString((await later.Opened.ReadRowAsync(1, default))!.Message));
        await later.Seal.Payloads.EnsureAsync([stream], default);
        Assert.True(later.Seal.Payloads.TryGet(stream, out var none));
        Assert.Null(none);
    }

    [Fact]
    public async Task what_is_begun_while_calls_are_erased_opens_though_the_node_died_in_the_middle()
    {
        await using var place = new SqlitePlace();
        var (erased, late) = (new StreamKey("call|ci|s|c-1"), new StreamKey("call|ci|s|c-2"));
        var owner = StreamNames.PayloadOwner(erased.ToString());
        var ended = new Dictionary<string, IReadOnlyCollection<string>?> { [owner] = [erased.ToString()] };
        await using (var store = await place.OpenAsync())
        {
            await store.Seal.Payloads.EnsureAsync([erased], default);
            Assert.True(store.Seal.Payloads.TryGet(late, out var before));
            Assert.True(store.Seal.Payloads.TryGet(erased, out var key));
            await AppendAsync(store, erased, 1, key, "gone");
            var wrapped = (await store.KeysOfAsync([owner], default)).Single().Wrapped;
            using var death = new CancellationTokenSource();
            var ending = store.EndKeysAsync(ended, death.Token);
            await UntilReplacedAsync(store, owner, wrapped!).OrHung();
            await death.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ending);

            // By a node that has the earlier key at hand, and then by one that has the new one.
            await AppendAsync(store, late, 1, null, "never said");
            await AppendAsync(store, late, 2, before, "late");
            await store.Seal.Payloads.LoadAsync([late.ToString()], default);
            Assert.True(store.Seal.Payloads.TryGet(late, out var after));
            Assert.NotEqual(before, after![..RowKeys.KeyLength]);
            await AppendAsync(store, late, 3, after, "later");
        }

        await using var again = await place.OpenAsync();
        var now = Assert.Single(await again.EndKeysAsync(ended, default));
        var ring = KeyRing.Open(again.Keys, owner, now.KeyId, now.Wrapped)!;
        Assert.False(ring.IsSettling);
        Assert.Null(ring.KeyOf(erased));
        var texts = new List<string>();
        for (var position = 1; position <= 4; position++)
        {
            texts.Add(Encoding.UTF8.GetString((await again.Opened.ReadRowAsync(position, default))!.Message));
        }

        Assert.DoesNotContain("gone", texts[0]);
        Assert.Contains("late", texts[2]);
        Assert.Contains("later", texts[3]);

        // Another call of the session is erased, and both keys stay.
        var other = (await again.EndKeysAsync(
            new Dictionary<string, IReadOnlyCollection<string>?> { [owner] = ["call|ci|s|c-3"] }, default)).Single();
        Assert.Equal(ring.KeyOf(late), KeyRing.Open(again.Keys, owner, other.KeyId, other.Wrapped)!.KeyOf(late));
    }

    private static async Task UntilReplacedAsync(IAuditStore store, string owner, byte[] wrapped)
    {
        while ((await store.KeysOfAsync([owner], default)).Single().Wrapped!.SequenceEqual(wrapped))
        {
            await Task.Delay(10);
        }
    }

    private static async Task AppendAsync(
        IAuditStore store, StreamKey stream, long sequence, byte[]? key, string text)
    {
        using var writer = new EventWriter(store.Seal.Proof);
        writer.Begin(stream, sequence - 1, key);
        var written = writer.WriteOperator("act", "ada", default, Encoding.UTF8.GetBytes($$"""{"text":"{{text}}"}"""));
        await store.Journal.AppendAsync(
            [new RowToAppend(new StreamHandle(stream), sequence, written.Manifest, 0, written.Message)], new long[1], default);
    }

    private static JournalRow Write(string detail)
    {
        using var writer = new EventWriter(TestKeys.Proof);
        writer.Begin(new StreamKey(Stream), 0, Key(Stream));
        var written = writer.WriteOperator("act", "ada", default, Encoding.UTF8.GetBytes(detail));
        return new JournalRow(1, Stream, 1, 0, written.Manifest, written.Message.ToArray());
    }

    private static byte[] Key(string stream)
    {
        // Of another session, so that it is another key also where only the stream differs.
        TestKeys.Seal.Payloads.EnsureAsync([new StreamKey(stream)], default).GetAwaiter().GetResult();
        return TestKeys.Seal.Payloads.TryGet(new StreamKey(stream), out var key) ? key! : [];
    }
}
