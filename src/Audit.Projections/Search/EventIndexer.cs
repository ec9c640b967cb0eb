using Audit.Projections.Folding;
using Audit.Projections.Language;

namespace Audit.Projections.Search;

/// <summary>
/// Makes documents of events. What a document holds is a function of the journal up to its event, and of nothing else.
/// </summary>
internal sealed class EventIndexer
{
    private const int LongestSentence = 500, NamesKept = 20_000;

    private static readonly string[] Outcomes = [.. Words.AllKinds.Select(kind => Marks.Of(SearchKey.Outcome, kind))];

    private readonly FactsReader reader = new();
    private readonly EventTexts texts = new();
    private readonly DocumentWriter writer = new();
    private readonly Generations<(SearchKey, string), string> names = new(NamesKept);
    private readonly IndexedCalls calls;
    private string[] times = [];
    private EventView view;
    private long hour = -1;

    public EventIndexer(IJournal journal) => calls = new IndexedCalls(journal, reader);

    public async Task AddAsync(JournalRow row, IndexBatch batch, CancellationToken cancellation)
    {
        try
        {
            var facts = reader.Read(row, out view);
            if (facts.Kind is EventKind.Received or EventKind.Noted)
            {
                var call = facts.Kind == EventKind.Received ? await calls.FollowAsync(facts, cancellation) : null;
                Write(row, facts, call, batch);
            }
        }
        catch (Exception unreadable) when (unreadable is PoisonException or InvalidOperationException)
        {
            writer.Abandon();
            var sentence = unreadable.Message.Replace('\0', ' ');
            batch.Unread.Add((row.Position, sentence[..ShortText.LengthOf(sentence, LongestSentence)]));
        }
    }

    private void Write(JournalRow row, EventFacts facts, IndexedCall? call, IndexBatch batch)
    {
        writer.Begin(batch.Text);
        texts.Read(view, writer);
        writer.Mark(Marks.Everything);
        MarkTime(facts.At);
        Mark(batch, SearchKey.Session, facts.SessionId, null);
        Mark(batch, SearchKey.Source, facts.Source, null);
        Mark(batch, SearchKey.Token, facts.Token, null);
        Mark(batch, SearchKey.Task, facts.Task, call?.Identity.Task);
        Mark(batch, SearchKey.Agent, facts.Agent, call?.Identity.Agent);
        Mark(batch, SearchKey.Parent, facts.Parent, call?.Identity.Parent);
        if (call is not null)
        {
            Mark(batch, SearchKey.Tool, facts.Tool, call.Identity.Tool);
            Mark(batch, SearchKey.Provider, call.Provider, null);
            Mark(batch, SearchKey.Model, call.Model, null);
            Mark(batch, SearchKey.By, call.By, null);
            Mark(batch, SearchKey.Would, call.Policy?.Would, null);
            Mark(batch, SearchKey.Rule, call.Policy?.Rule, call.Policy?.WouldRule);
            MarkThings(batch, call.Identity.Tool ?? facts.Tool);
        }

        if (call is not null && !facts.Oversized)
        {
            writer.Mark(Outcomes[(int)facts.Message]);
        }

        batch.Documents.Add(writer.End(row.Position, call?.Id ?? 0, Instants.ToNumber(facts.At)));
    }

    /// <summary>What was asked for and what ran.</summary>
    private void MarkThings(IndexBatch batch, string? tool)
    {
        var (requested, effective) = (EventField.RequestedInput, EventField.EffectiveInput);
        var things = Things.Of(tool, view.Raw(requested)).ToList();
        if (!view.Raw(requested).SequenceEqual(view.Raw(effective)))
        {
            things.AddRange(Things.Of(tool, view.Raw(effective)));
        }

        foreach (var thing in things)
        {
            Mark(batch, SearchKey.Thing, thing.Name, null);
            Mark(batch, thing.IsWritten ? SearchKey.Writes : SearchKey.Reads, thing.Name, null);
        }
    }

    private void MarkTime(Timestamp at)
    {
        // Events of one hour mostly come one after the other.
        if (at.Ticks / TimeSpan.TicksPerHour != hour)
        {
            var time = Marks.Clamp(new DateTime(at.Ticks));
            times = [Marks.Year(time.Year), Marks.Month(time), Marks.Day(time), Marks.Hour(time)];
            hour = at.Ticks / TimeSpan.TicksPerHour;
        }

        foreach (var mark in times)
        {
            writer.Mark(mark);
        }
    }

    private void Mark(IndexBatch batch, SearchKey key, string? name, string? another)
    {
        if (!string.IsNullOrEmpty(name))
        {
            writer.Mark(MarkOf(batch, key, name));
        }

        if (!string.IsNullOrEmpty(another) && another != name)
        {
            writer.Mark(MarkOf(batch, key, another));
        }
    }

    private string MarkOf(IndexBatch batch, SearchKey key, string name)
    {
        if (names.Find((key, name)) is { } known)
        {
            return known;
        }

        var mark = Marks.Of(key, name);
        names.Keep((key, name), mark);
        if (name.Length <= IndexLimits.LongestName && !name.Contains('\0'))
        {
            batch.Names.Add((key, name));
        }

        return mark;
    }
}
