namespace Audit.Projections.Stores;

/// <summary>A column of an index, and the values that are looked for in it: numbers or texts.</summary>
internal sealed record KeyColumn(string Name, long[]? Numbers, string[]? Texts)
{
    public KeyColumn(string name, IEnumerable<long> numbers) : this(name, [.. numbers], null) { }

    public KeyColumn(string name, IEnumerable<string> texts) : this(name, null, [.. texts]) { }

    public int Count => Numbers?.Length ?? Texts!.Length;
}
