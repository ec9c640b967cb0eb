using System.Globalization;
using System.Text;

namespace Audit.Api.Instruments;

/// <summary>Writes Prometheus' text format.</summary>
internal sealed class PrometheusText
{
    private readonly StringBuilder text = new();

    public void Begin(string name, string type, string what) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(what).Append('\n')
            .Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    public void One(string name, string type, string what, double value)
    {
        Begin(name, type, what);
        Add(name, value);
    }

    /// <param name="labels">Names and values; no value of ours holds what would need escaping.</param>
    public void Add(string name, double value, params (string Name, string Value)[] labels)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').AppendJoin(',', labels.Select(label => $"{label.Name}=\"{label.Value}\"")).Append('}');
        }

        text.Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    public override string ToString() => text.ToString();
}
