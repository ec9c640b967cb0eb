using FsCheck;
using FsCheck.Fluent;
using Outcome = Audit.Lifecycle.Records.Outcome;

namespace Audit.Engine.Tests;

/// <summary>However messages are packed into batches, and whichever calls go first, each call's stream is the same.</summary>
public sealed class EngineLaws
{
    private const int Calls = 4;

    [Fact]
    public void any_split_into_batches_gives_the_same_streams() => Law.HoldsAnew(
        Prop.ForAll(Messages().ToArbitrary(), Gen.Choose(1, 9).ToArbitrary(), (messages, size) =>
            Run([messages]).SequenceEqual(Run([.. messages.Chunk(size)]))), runs: 15);

    [Fact]
    public void any_order_of_the_calls_among_each_other_gives_the_same_streams() => Law.HoldsAnew(
        Prop.ForAll(Messages().ToArbitrary(), Gen.Shuffle(Enumerable.Range(0, Calls).ToArray()).ToArbitrary(), (messages, order) =>
            Run([messages]).SequenceEqual(Run([[.. messages.OrderBy(message => Array.IndexOf(order, message.Call))]]))), runs: 15);

    [Fact]
    public void what_is_delivered_twice_writes_nothing_more() => Law.HoldsAnew(
        Prop.ForAll(Messages().ToArbitrary(), messages =>
            Run([messages]).SequenceEqual(Run([messages, messages]))), runs: 15);

    private static Gen<Message[]> Messages() =>
        (from call in Gen.Choose(0, Calls - 1)
         from kind in Gen.Elements(Enum.GetValues<MessageKind>())
         from success in Gen.Elements(true, false)
         from second in Gen.Choose(0, 30)
         select new Message(call, kind, success, second)).ArrayOf(40);

    /// <summary>Every batch goes through an engine of its own, as after a restart.</summary>
    private static string[] Run(Message[][] batches)
    {
        using var directory = new TemporaryDirectory();
        return RunAsync("sqlite:" + directory.File("journal.db"), batches).GetAwaiter().GetResult();
    }

    private static async Task<string[]> RunAsync(string address, Message[][] batches)
    {
        await using var store = await AuditStore.OpenAsync(address, TestKeys.Given, CancellationToken.None);
        foreach (var batch in batches)
        {
            await using var engine = new LocalEngine(
                store.Journal, store.Seal, new EngineOptions { MaxRowsPerCommit = 16 }, TimeProvider.System);
            await engine.SubmitAsync([.. batch.Select(message => message.ToSubmission())], CancellationToken.None);
        }

        var rows = await store.Opened.ReadAfterAsync(0, 100_000, long.MaxValue, CancellationToken.None);
        return [.. rows.OrderBy(row => row.PersistenceId, StringComparer.Ordinal).ThenBy(row => row.Sequence).Select(Describe)];
    }

    private static string Describe(JournalRow row) =>
        $"{row.PersistenceId} {row.Sequence} {EventReader.ReadCall(row)}";

    private sealed record Message(int Call, MessageKind Kind, bool Success, int Second)
    {
        public Submission ToSubmission() => Sent.Call($"s{Call % 2}", $"c{Call}", Outcome(), Second);

        private Outcome Outcome() => Kind switch
        {
            MessageKind.Requested => new Outcome.Requested(),
            MessageKind.RequiresConfirmation => new Outcome.RequiresConfirmation("may I?", null),
            MessageKind.Approved => new Outcome.Approved("approve-once"),
            MessageKind.Started => new Outcome.Started(),
            MessageKind.Blocked => new Outcome.Blocked("no"),
            MessageKind.Cached => new Outcome.Cached(new ToolResult(Success, "kept")),
            MessageKind.Replayed => new Outcome.Replayed(new ToolResult(Success, "again")),
            MessageKind.Invalidated => new Outcome.Invalidated("gone"),
            MessageKind.Cancelled => new Outcome.Cancelled("enough"),
            MessageKind.Completed => new Outcome.Completed(new ToolResult(Success, "done")),
            _ => new Outcome.PersistenceFailed(null, "disk"),
        };
    }
}
