
namespace Audit.Api.Intake;

/// <summary>Counts the events of a stream that say nothing to us, by the name of their type.</summary>
internal sealed class IgnoredEvents
{
    private const int MostTypes = 100;
    private const int LongestType = 64;
    private const string Others = "others";

    private readonly SortedDictionary<string, long> types = new(StringComparer.Ordinal);

    public long Count { get; private set; }

    public void Add(string type)
    {
        Count++;
        var name = type.Length <= LongestType && (types.ContainsKey(type) || types.Count < MostTypes) ? type : Others;
        types[name] = types.GetValueOrDefault(name) + 1;
    }

    public void Write(ReceiptWriter writer) => writer.WriteIgnored(Count, types);
}
