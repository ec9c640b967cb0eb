using System.Text;
using System.Text.Json;

namespace Audit.Formats.Tests.Support;

/// <summary>Collects what a reader makes of a stream.</summary>
internal sealed class Derived : IFormatSink
{
    private readonly List<(long Line, string What)> lines = [];
    private long line;

    public List<DerivedRecord> Records { get; } = [];

    public List<DerivedNote> Notes { get; } = [];

    public List<byte[]> Items { get; } = [];

    public List<string> IgnoredTypes { get; } = [];

    public List<(long Line, string Sentence)> InvalidLines { get; } = [];

    /// <summary>Each item, ignored type or error in a line of its own, with the number of its line.</summary>
    public string Text => string.Concat(lines.Select(one => $"{one.Line}: {one.What}\n"));

    public static Derived Of(string format, string stream, string? session = "s-1") => Of(format, Encoding.UTF8.GetBytes(stream), session);

    public static Derived Of(string format, ReadOnlySpan<byte> stream, string? session = "s-1") =>
        new Derived().Follow(new FormatReaders().Open(format, session, "ci")!, stream);

    public Derived Follow(IFormatReader reader, ReadOnlySpan<byte> stream)
    {
        line = 0;
        foreach (var range in stream.Split((byte)'\n'))
        {
            line++;
            if (!stream[range].IsEmpty)
            {
                reader.Read(stream[range], line, this);
            }
        }

        return this;
    }

    public IEnumerable<string> MessageIds => Records.Select(record => record.DerivedId);

    public IReadOnlyDictionary<string, int> Kinds => Records.CountBy(record => record.Kind.ToString()).ToDictionary();

    public IReadOnlyDictionary<string, int> NoteTypes => Notes.CountBy(note => note.Type).ToDictionary();

    public IReadOnlyDictionary<string, int> Ignored => IgnoredTypes.CountBy(type => type).ToDictionary();

    public void Record(DerivedRecord record)
    {
        Records.Add(record);
        var time = record.Time ?? "2000-01-01T00:00:00Z";
        var mark = record.Time is null ? " (received)" : record.IsTimeInferred ? " (inferred)" : "";
        Add($"record{mark} {Encoding.UTF8.GetString(DerivedJson.Item(record, "s-1", time))}");
    }

    public void Note(DerivedNote note)
    {
        Notes.Add(note);
        var mark = note.IsTimeInferred ? " (inferred)" : "";
        Add($"note{mark} {Encoding.UTF8.GetString(DerivedJson.Item(note, "s-1"))}");
    }

    public void Item(ReadOnlySpan<byte> item)
    {
        Items.Add(item.ToArray());
        Add($"item {Encoding.UTF8.GetString(item)}");
    }

    void IFormatSink.Ignored(string type)
    {
        IgnoredTypes.Add(type);
        Add($"ignored {type}");
    }

    public void Invalid(string sentence)
    {
        InvalidLines.Add((line, sentence));
        Add($"invalid {sentence}");
    }

    public JsonElement OutcomeOf(string messageId) =>
        JsonDocument.Parse(Records.Single(record => record.DerivedId == messageId).Record.ToUtf8()).RootElement.GetProperty("outcome");

    private void Add(string what) => lines.Add((line, what));
}
