using System.Globalization;

namespace Audit.Api.Answers;

/// <summary>What the questions to the read models have in common.</summary>
internal static class ModelQuery
{
    public static PageRequest Page(this QueryReader query) => new(query.Limit(), query.Text("cursor"));

    /// <summary>The moment of the past that is asked for; null for now.</summary>
    public static AsOf? AsOf(this QueryReader query)
    {
        if (query.Text("at") is not { } text)
        {
            return null;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position))
        {
            return Projections.TimeTravel.AsOf.At(position);
        }

        if (Rfc3339.TryParse(text, out var time))
        {
            return Projections.TimeTravel.AsOf.At(time);
        }

        query.Refuse("at", $"a position of the journal or an RFC 3339 time is expected, not \"{text}\".");
        return null;
    }

    public static Timestamp? Time(this QueryReader query, string name)
    {
        if (query.Text(name) is not { } text)
        {
            return null;
        }

        if (Rfc3339.TryParse(text, out var time))
        {
            return time;
        }

        query.Refuse(name, $"an RFC 3339 time is expected, not \"{text}\".");
        return null;
    }

    public static bool? Flag(this QueryReader query, string name)
    {
        switch (query.Text(name))
        {
            case null:
                return null;
            case "true":
                return true;
            case "false":
                return false;
            case var text:
                query.Refuse(name, $"true or false is expected, not \"{text}\".");
                return null;
        }
    }
}
