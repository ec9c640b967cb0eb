namespace Audit.Projections.Models;

/// <summary>The first so many names of a kind that a session or a task has, and whether there are more.</summary>
public sealed record NameSet(IReadOnlyList<string> Names, bool HasMore)
{
    public const int Most = 64;

    public static readonly NameSet Empty = new([], false);

    [JsonIgnore]
    public int Count => Names.Count;

    public NameSet Add(string? name)
    {
        if (name is null || Contains(name))
        {
            return this;
        }

        return Names.Count < Most ? new NameSet([.. Names, name], HasMore) : HasMore ? this : new NameSet(Names, true);
    }

    public bool Contains(string name)
    {
        for (var index = 0; index < Names.Count; index++)
        {
            if (Names[index] == name)
            {
                return true;
            }
        }

        return false;
    }
}
