using System.Collections.Concurrent;
using Audit.Api.Diary;
using Audit.Api.Intake;

namespace Audit.Api.Acting;

/// <summary>
/// Questions that the node asks for a host, and when each ends. They stand in the book, so that a restart forgets none,
/// and every node ends what nobody answered: the first that comes writes it.
/// </summary>
internal sealed class OpenQuestions(
    RecordIntake intake, IJournal journal, OrderBook orders, PolicyBook policies, FailureLog failures)
    : IAsyncDisposable
{
    private const string Asked = "question.asked";
    private const int DaysAtStart = 31;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<CallAddress, (Timestamp Ends, string? Agent)> open = new();
    private readonly ActReader acts = new(journal);
    private BackgroundWork? work;
    private bool hasRead;

    public void Start() => work = new BackgroundWork(RunAsync);

    public ValueTask DisposeAsync() => work?.DisposeAsync() ?? default;

    /// <summary>What is written with a question, so that it ends also where nobody looks.</summary>
    /// <returns>Null where the call is looked at by then anyhow, as when the same is asked again and again.</returns>
    public OperatorSubmission? NoteOf(CallAddress address, string? agent, Timestamp ends)
    {
        // What is about to end may be forgotten while this one is being written.
        if (open.TryGetValue(address, out var known) && known.Ends <= ends && known.Agent == agent
            && known.Ends > intake.Now.Add(Soon))
        {
            return null;
        }

        return new OperatorSubmission(
            StreamNames.Questions(intake.Clock.GetUtcNow()), Asked, OperatorActs.Node, intake.Now, default)
        {
            Facts = ActReader.MembersOf(
                ("source", address.Session.Source), ("session_id", address.Session.Id), ("tool_call_id", address.Call),
                ("agent", agent), ("expires_at", ends.ToString())),
        };
    }

    /// <summary>Ends the question that stands where its time is up, whoever looks first.</summary>
    /// <param name="reason">Ends it whatever the time.</param>
    /// <returns>Whether something was written.</returns>
    public async Task<bool> EndAsync(CallAddress address, CallRead call, string? reason = null)
    {
        var now = intake.Now;
        var standing = call.History.Standing;
        if (!call.IsWaiting || (reason is null && !(standing.EndsAt <= now)))
        {
            return false;
        }

        reason ??= $"nobody answered before {standing.EndsAt}";
        return await SubmitAsync(address, call, MessageKind.Invalidated, new Outcome.Invalidated(reason), null);
    }

    /// <summary>Refuses what was approved and has not begun, and ends what waits, where a stop stands.</summary>
    /// <returns>Whether something was written.</returns>
    public async Task<bool> StopAsync(CallAddress address, CallRead call, CancellationToken cancellation)
    {
        var standing = call.History.Standing;
        var isApproved = !call.IsWaiting && standing is { State: CallState.Approved, Asked: > 0 };
        return (isApproved || call.IsWaiting)
            && await orders.StopOfAsync(
                address.Session, call.AgentOf(standing.Asked) ?? call.Agent, cancellation) is { } stop
            && (isApproved
                ? await SubmitAsync(
                    address, call, MessageKind.Blocked, stop.Outcome, new PolicyMark(null, Order: stop.Id))
                : await EndAsync(address, call, stop.Sentence));
    }

    /// <summary>What the node says by itself of the question that stands.</summary>
    private async Task<bool> SubmitAsync(
        CallAddress address, CallRead call, MessageKind kind, Outcome outcome, PolicyMark? mark)
    {
        var (now, standing) = (intake.Now, call.History.Standing);
        var question = call.History.Find(standing.Asked)!.Message;
        var receipt = await intake.SubmitAsync(DecisionRecord.OfNode(
            address, call.Agent, question, (kind, outcome), now,
            new Delivery
            {
                ReceivedAt = now, TaskId = standing.TaskId, Policy = mark,
                Dedup = intake.Hasher.OfBytes(
                    Encoding.UTF8.GetBytes($"question ended\0{standing.Asked}\0{standing.Question}\0{mark?.Order}")),
                Answers = new Answer(standing.Asked, standing.Question),
            }));
        return receipt.Status == ReceiptStatus.Unknown
            ? throw new JournalUnavailableException(receipt.Error!)
            : receipt.Status == ReceiptStatus.Recorded;
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            // What cannot be read of one of them keeps nothing from the others.
            await TryAsync(
                "approvals that end", async () => await orders.FollowAsync(policies.Now, cancellation), cancellation);
            await TryAsync("questions that end", () => EndDueAsync(cancellation), cancellation);
            await Task.Delay(Pause, intake.Clock, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task EndDueAsync(CancellationToken cancellation)
    {
        await ReadOnAsync(cancellation);
        var stops = await orders.StopsAsync(cancellation);
        foreach (var (address, (ends, agent)) in open.ToList())
        {
            var stop = stops.FirstOrDefault(one => one.IsOf(address.Session, agent));
            if (stop is not null || ends <= intake.Now)
            {
                await TryAsync("questions that end", () => LookAsync(address, stop, cancellation), cancellation);
            }
        }
    }

    private async Task LookAsync(CallAddress address, StandingStop? stop, CancellationToken cancellation)
    {
        var call = new CallRead(journal, address.Stream);
        await call.ReadOnAsync(cancellation);
        if (await EndAsync(address, call, stop?.Sentence) || !call.IsWaiting)
        {
            open.TryRemove(address, out _);
        }
    }

    private async Task TryAsync(string what, Func<Task> act, CancellationToken cancellation)
    {
        try
        {
            await act();
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The node stops.
        }
        catch (Exception failure)
        {
            failures.Report(what, failure);
        }
    }

    /// <summary>
    /// No question waits longer than a day, so that two days hold all that may wait still; a node that starts looks at
    /// more of them, for it may have been down when they ended.
    /// </summary>
    private async Task ReadOnAsync(CancellationToken cancellation)
    {
        var today = intake.Clock.GetUtcNow();
        for (var day = hasRead ? 1 : DaysAtStart; day >= 0; day--)
        {
            await acts.ReadOnAsync(StreamNames.Questions(today.AddDays(-day)), Take, cancellation);
        }

        hasRead = true;
    }

    private void Take(EventView view)
    {
        if (view.Text(EventField.Act) != Asked)
        {
            return;
        }

        var facts = JsonElement.Parse(view.Raw(EventField.Facts));
        var address = new CallAddress(new SessionName(Text("source"), Text("session_id")), Text("tool_call_id"));
        if (Rfc3339.TryParse(Text("expires_at"), out var ends))
        {
            open[address] = (ends, facts.TryGetProperty("agent", out var agent) ? agent.GetString() : null);
        }

        string Text(string name) => facts.GetProperty(name).GetString()!;
    }
}
