using System.Globalization;
using System.Security;
using System.Text;
using System.Xml;

namespace Audit.Load.Reports;

/// <summary>A picture that needs no script and nothing beside it.</summary>
internal sealed class Svg
{
    private readonly StringBuilder svg = new();

    public Svg(int width, int height)
    {
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" ");
        Add($"font-family=\"monospace\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    }

    /// <summary>Adds what is written here as it stands; what comes from elsewhere is to be <see cref="Escaped"/>.</summary>
    public void Add(FormattableString markup) => svg.Append(markup.ToString(CultureInfo.InvariantCulture));

    public void Text(double left, double top, string text, string how = "") =>
        Add($"<text x=\"{left:0.#}\" y=\"{top:0.#}\" {how}>{Escaped(text)}</text>\n");

    public string End() => svg.Append("</svg>\n").ToString();

    /// <summary>Without what no XML may have in it.</summary>
    public static string Escaped(string text) => SecurityElement.Escape(
        string.Concat(text.EnumerateRunes().Select(rune =>
            rune.Value > char.MaxValue || XmlConvert.IsXmlChar((char)rune.Value) ? rune.ToString() : "\uFFFD")));
}
