using System.Globalization;

namespace Audit.Api.Answers;

/// <summary>Reads the query of a request; the first parameter that is wrong is the problem.</summary>
internal sealed class QueryReader(IQueryCollection query)
{
    public Problem? Problem { get; private set; }

    public string? Text(string name)
    {
        var values = query[name];
        if (values.Count > 1)
        {
            Refuse(name, $"stands {values.Count} times; it stands once.");
        }

        return values.Count == 0 || string.IsNullOrEmpty(values[0]) ? null : values[0];
    }

    public string RequiredId(string name, int maxBytes = Ids.MaxBytes, bool isSession = false)
    {
        var id = Text(name);
        if ((id is null ? "missing" : Ids.Refuse(id, maxBytes, isSession)) is { } sentence)
        {
            Refuse(name, sentence + ".");
        }

        return id ?? "";
    }

    public long Number(string name, long otherwise, long least, long most)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most)
        {
            return number;
        }

        Refuse(name, most == long.MaxValue
            ? $"a whole number from {least} is expected, not \"{text}\"."
            : $"a whole number from {least} to {most} is expected, not \"{text}\".");
        return otherwise;
    }

    public int Limit() => (int)Number("limit", otherwise: 100, least: 1, most: 1000);

    /// <summary>Where a list goes on; null at its beginning.</summary>
    public long? Cursor()
    {
        if (Text("cursor") is not { } text)
        {
            return null;
        }

        if (PageCursor.TryRead(text, 1) is [>= 0 and var place])
        {
            return place;
        }

        Refuse("cursor", $"\"{text}\" is none that this node gave; leave it away to begin at the beginning.");
        return null;
    }

    public void Refuse(string name, string sentence) => Problem ??= Problem.BadParameter(name, sentence);
}
