using Audit.Api.Reading;

namespace Audit.Api.Cases;

/// <summary>A pin with what the book says of it now; what it names may be gone from what is shown.</summary>
/// <param name="Calls">The calls that it is about: itself, those in the window's time, or those that are found.</param>
/// <param name="Sentence">Null where the book has nothing of the kind.</param>
public sealed record PinLook(CasePin Pin, IReadOnlyList<CallModel> Calls, Sentence? Sentence)
{
    public CallView? Call { get; init; }

    public WindowModel? Window { get; init; }

    /// <summary>There are more calls than it was looked at.</summary>
    public bool IsCut { get; init; }

    public string Name => Pin.Call is { } call ? $"{Call?.Call.Tool ?? "call"} {call}"
        : Pin.Window is { } window ? $"window {Window?.Alias ?? window}"
        : $"search {Pin.Query}";
}

/// <summary>
/// Looks up what a case points to. Its searches share the time of one; what is not searched for then says so.
/// </summary>
internal sealed class CaseLooks(ReadSide reads, SearchQuota quota, TimeProvider clock)
{
    private const string NoQuery = "it cannot be searched for as it stands here";

    /// <summary>One costly search leaves time for the others.</summary>
    private static readonly TimeSpan LongestOfOne = TimeSpan.FromSeconds(1);

    /// <summary>What the book has of what somebody is about to pin.</summary>
    public async Task<IReadOnlyList<PinLook>> OfAsync(
        IReadOnlyList<CasePin> pins, ScopedReads own, Bearer bearer, CancellationToken cancellation)
    {
        await reads.CatchUpAsync(Questions.Patience, cancellation);
        var searches = pins.Where(pin => pin.Query is not null).ToList();
        if (searches.Count > 0)
        {
            await reads.Search.CatchUpAsync(Questions.Patience, cancellation);
        }

        var searched = await SearchAsync(searches, own, bearer, cancellation);
        var found = new List<PinLook>();
        foreach (var pin in pins)
        {
            found.Add(pin.Call is { } call ? await OfCallAsync(pin, call, own, cancellation)
                : pin.Window is { } window ? await OfWindowAsync(pin, window, own, cancellation)
                : searched[pin]);
        }

        return found;
    }

    private static async Task<PinLook> OfCallAsync(
        CasePin pin, string call, ScopedReads own, CancellationToken cancellation) =>
        await own.Models.CallAsync(pin.Session, call, cancellation) is { } view
            ? new PinLook(pin, [view.Call], await own.Models.SentenceAsync(view.Call, view.Transitions, cancellation))
            {
                Call = view,
            }
            : new PinLook(pin, [], null);

    private async Task<PinLook> OfWindowAsync(
        CasePin pin, string id, ScopedReads own, CancellationToken cancellation) =>
        await own.Models.WindowAsync(id, new PageRequest(PageRequest.MostItems), cancellation) is { } view
            ? new PinLook(
                pin, [.. view.Done.Items.Select(done => done.Call).DistinctBy(call => call.Id)],
                Sentence.Of(view, Timestamp.From(clock.GetUtcNow())))
            {
                Window = view.Window, IsCut = view.Done.Next is not null,
            }
            : new PinLook(pin, [], null);

    private async Task<Dictionary<CasePin, PinLook>> SearchAsync(
        IReadOnlyList<CasePin> pins, ScopedReads own, Bearer bearer, CancellationToken cancellation)
    {
        var found = new Dictionary<CasePin, PinLook>(ReferenceEqualityComparer.Instance);
        if (pins.Count == 0)
        {
            return found;
        }

        var why = $"the searches of a case have {SearchQuota.Longest.TotalSeconds:0} s together";
        try
        {
            await quota.AskAsync(bearer, cancellation, async limited =>
            {
                foreach (var pin in pins.TakeWhile(_ => !limited.IsCancellationRequested))
                {
                    found[pin] = await OfSearchAsync(pin, pin.Query!, own, limited);
                }

                return true;
            });
        }
        catch (RefusedException refused)
        {
            // Nothing that is sought keeps a case from being read, nor what was done with it from being answered.
            why = refused.Problem.Kind == SearchQuota.TooLong ? why : refused.Message;
        }

        foreach (var pin in pins.Where(pin => !found.ContainsKey(pin)))
        {
            found[pin] = NotSearched(pin, $"it was not searched for: {why}");
        }

        return found;
    }

    private async Task<PinLook> OfSearchAsync(
        CasePin pin, string text, ScopedReads own, CancellationToken limited)
    {
        if (text == CaseFile.Unreadable)
        {
            return NotSearched(pin, NoQuery);
        }

        using var time = new CancellationTokenSource(LongestOfOne, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limited, time.Token);
        try
        {
            var query = SearchQuery.Parse(text, pin.At.ToDateTimeOffset());
            var counts = await own.Search.CountAsync(query, own.Scope, either.Token);
            foreach (var call in counts.Found)
            {
                own.Scope.Trace?.Add(call.Id, call.LastPosition);
            }

            return new PinLook(pin, counts.Found, SentenceOf(text, counts)) { IsCut = counts.IsCut };
        }
        catch (SearchQueryException)
        {
            return NotSearched(pin, NoQuery);
        }
        catch (OperationCanceledException) when (!limited.IsCancellationRequested)
        {
            return NotSearched(pin, $"it was not searched for: it takes longer than {LongestOfOne.TotalSeconds} s");
        }
    }

    private static PinLook NotSearched(CasePin pin, string why) =>
        new(pin, [], new Sentence([new Clause(why)])) { IsCut = true };

    private static Sentence SentenceOf(string query, SearchCounts found)
    {
        var (failed, violations) = (
            found.Found.Count(call => call.IsFailed), found.Found.Sum(call => call.Violations));
        var outside = found.Found.Count(call => call.Judgement == WindowJudgement.OutsideWindow);
        var more = found.IsCut ? " or more" : "";
        List<Clause> clauses = [new($"{Count(found.Calls, "call")}{more} found", Query: query)];
        Add(failed, $"{failed} failed");
        Add(violations, Count(violations, "violation"));
        Add(outside, $"{outside} outside of a window");
        return new Sentence(clauses);

        void Add(int count, string text)
        {
            if (count > 0)
            {
                clauses.Add(new Clause(text, IsGrave: true));
            }
        }
    }

    private static string Count(int number, string one) => $"{number} {one}{(number == 1 ? "" : "s")}";
}
