using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Verification;

public abstract class CompletenessContract : BookTests, IDisposable
{
    private readonly Story story = new();

    public void Dispose() => story.Dispose();

    [ContractFact]
    public async Task a_session_whose_calls_are_settled_and_whose_numbers_have_no_gap_is_complete()
    {
        story.Note("s-1", "started", 1)
            .Call("s-1", "c-1", MessageKind.Requested, 1, 2)
            .Call("s-1", "c-1", MessageKind.Started, 2, 3)
            .Call("s-1", "c-1", MessageKind.Completed, 3, 4)
            .Note("s-1", "ended", 5);
        var complete = await JudgeAsync();
        Assert.True(complete.IsComplete);
        Assert.Equal((1, 1), (complete.NumberedSessions, complete.EndedSessions));
        Assert.Equal(0, complete.UnreadableEvents);
    }

    [ContractFact]
    public async Task missing_numbers_are_named_with_session_and_host()
    {
        story.Note("s-1", "started", 1).Note("s-1", "idle", 4).Note("s-1", "idle", 5).Note("s-1", "idle", 7)
            .Note("s-2", "started", 1).Note("s-2", "idle", 2);
        var complete = await JudgeAsync();
        Assert.False(complete.IsComplete);
        Assert.Equal(3, complete.MissingNumbers);
        Assert.Equal([new SequenceGap("ci", "s-1", "ci-7", 2, 3), new SequenceGap("ci", "s-1", "ci-7", 6, 6)], complete.Gaps);
    }

    [ContractFact]
    public async Task numbers_that_came_and_are_not_remembered_are_counted_and_not_called_missing()
    {
        for (var number = 0; number < SeqRanges.Most + 3; number++)
        {
            story.Note("s-1", "idle", number * 2);
        }

        var complete = await JudgeAsync();
        Assert.Equal((3, SeqRanges.Most + 2), (complete.DroppedNumbers, complete.MissingNumbers));
        Assert.False(complete.IsComplete);
    }

    [ContractFact]
    public async Task a_host_may_claim_any_number_without_doing_harm()
    {
        story.Note("s-1", "idle", long.MaxValue, "a").Note("s-1", "idle", long.MaxValue, "b");
        Assert.Equal(long.MaxValue, (await JudgeAsync()).MissingNumbers);
    }

    [ContractFact]
    public async Task numbers_that_come_out_of_order_leave_no_gap()
    {
        foreach (var number in (int[])[3, 1, 5, 4, 2])
        {
            story.Note("s-1", "idle", number);
        }

        Assert.True((await JudgeAsync()).IsComplete);
    }

    [ContractFact]
    public async Task numbering_begins_with_zero_or_one_and_each_host_has_its_own()
    {
        story.Note("s-1", "idle", 0, "a").Note("s-1", "idle", 1, "a").Note("s-1", "idle", 1, "b").Note("s-1", "idle", 3, "c");
        Assert.Equal([new SequenceGap("ci", "s-1", "c", 1, 2)], (await JudgeAsync()).Gaps);
    }

    [ContractFact]
    public async Task calls_that_are_open_when_their_session_is_noted_as_ended_are_named()
    {
        story.Call("s-1", "c-1", MessageKind.Requested, 1)
            .Call("s-1", "c-2", MessageKind.Requested, 1).Call("s-1", "c-2", MessageKind.Completed, 2)
            .Call("s-1", "c-3", MessageKind.Started, 3)
            .Call("s-1", "c-4", MessageKind.Requested, 4).Call("s-1", "c-4", MessageKind.PersistenceFailed, 5)
            .Call("s-2", "c-1", MessageKind.Requested, 1)
            .Note("s-1", "ended");
        var complete = await JudgeAsync();
        Assert.Equal(2, complete.OpenCallCount);
        Assert.Equal([new OpenCall("ci", "s-1", "c-1", "requested", 1), new OpenCall("ci", "s-1", "c-3", "running", 4)], complete.OpenCalls);
    }

    [ContractFact]
    public async Task the_types_ended_session_ended_and_session_dot_ended_count_and_no_other()
    {
        string[] types = ["ended", "session_ended", "session.ended", "turn_ended", "idle", "error"];
        for (var i = 0; i < types.Length; i++)
        {
            story.Call($"s-{i}", "c", MessageKind.Requested, 1).Note($"s-{i}", types[i]);
        }

        Assert.Equal(["s-0", "s-1", "s-2"], (await JudgeAsync()).OpenCalls.Select(call => call.SessionId));
    }

    [ContractFact]
    public async Task a_session_that_is_resumed_is_not_ended()
    {
        story.Call("s-1", "c-1", MessageKind.Requested, 1).Note("s-1", "ended").Note("s-1", "session.resumed");
        Assert.True((await JudgeAsync()).IsComplete);
    }

    [ContractFact]
    public async Task a_call_whose_messages_came_out_of_order_stands_where_the_law_says()
    {
        story.Call("s-1", "late-request", MessageKind.Completed, 5).Call("s-1", "late-request", MessageKind.Requested, 1)
            .Call("s-1", "late-middle", MessageKind.Requested, 1).Call("s-1", "late-middle", MessageKind.Completed, 9)
            .Call("s-1", "late-middle", MessageKind.Started, 4)
            .Note("s-1", "ended");
        var complete = await JudgeAsync();
        Assert.Empty(complete.OpenCalls);
        Assert.True(complete.IsComplete);
    }

    [ContractFact]
    public async Task an_event_of_ours_that_cannot_be_read_is_counted()
    {
        story.Rows.Add((StreamNames.Call(new SessionName("ci", "s-1"), "c-1"), 1, "call.transitioned.v2", "{\"v\":1,"));
        Assert.Equal(1, (await JudgeAsync()).UnreadableEvents);
    }

    private async Task<CompletenessVerdict> JudgeAsync()
    {
        await Book.AppendAsync([.. story.Rows]);
        await Book.SealAsync();
        var path = Book.PathOf("bundle.zip");
        await LogBundle.ExportAsync(Book.Address, path, Book.Entries, null, CancellationToken.None);
        var ofStore = await Book.VerifyAsync();
        var ofBundle = await LogVerifier.VerifyBundleAsync(path, Book.Trust, null, CancellationToken.None);
        Assert.True(ofStore.Integrity.IsIntact);
        Assert.True(ofBundle.Integrity.IsIntact);
        Assert.Equivalent(ofStore.Completeness, ofBundle.Completeness, strict: true);
        return ofStore.Completeness;
    }
}
