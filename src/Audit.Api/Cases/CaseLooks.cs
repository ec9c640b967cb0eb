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

/// <summary>Looks up what a case points to.</summary>
internal sealed class CaseLooks(ReadSide reads, SearchQuota quota, TimeProvider clock)
{
    private const string NoQuery = "it cannot be searched for as it stands here";

    /// <summary>What the book has of what somebody is about to pin.</summary>
    public async Task<IReadOnlyList<PinLook>> OfAsync(
        IReadOnlyList<CasePin> pins, ScopedReads own, Bearer bearer, CancellationToken cancellation)
    {
        await reads.CatchUpAsync(Questions.Patience, cancellation);
        if (pins.Any(pin => pin.Query is not null))
        {
            await reads.Search.CatchUpAsync(Questions.Patience, cancellation);
        }

        var found = new List<PinLook>();
        foreach (var pin in pins)
        {
            found.Add(pin.Call is { } call ? await OfCallAsync(pin, call, own, cancellation)
                : pin.Window is { } window ? await OfWindowAsync(pin, window, own, cancellation)
                : await OfSearchAsync(pin, pin.Query!, own, bearer, cancellation));
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

    private async Task<PinLook> OfSearchAsync(
        CasePin pin, string text, ScopedReads own, Bearer bearer, CancellationToken cancellation)
    {
        if (text == CaseFile.Unreadable)
        {
            return new PinLook(pin, [], new Sentence([new Clause(NoQuery)]));
        }

        try
        {
            var query = SearchQuery.Parse(text, pin.At.ToDateTimeOffset());
            var counts = await quota.AskAsync(
                bearer, cancellation, limited => own.Search.CountAsync(query, own.Scope, limited));
            foreach (var call in counts.Found)
            {
                own.Scope.Trace?.Add(call.Id, call.LastPosition);
            }

            return new PinLook(pin, counts.Found, SentenceOf(text, counts)) { IsCut = counts.IsCut };
        }
        catch (SearchQueryException)
        {
            return new PinLook(pin, [], new Sentence([new Clause(NoQuery)]));
        }
        catch (RefusedException refused)
        {
            // One costly search keeps no case from being read, nor what was done with it from being answered.
            return new PinLook(pin, [], new Sentence([new Clause($"it was not searched for: {refused.Message}")]));
        }
    }

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
