namespace Audit.Projections.Stores;

/// <summary>A column by which rows are found, beside their document.</summary>
/// <param name="Number">Its value in a column of numbers, else null.</param>
/// <param name="Text">Its value in a column of texts, else null.</param>
/// <param name="Changes">An update of the row may change it.</param>
internal sealed record Column<T>(string Name, Func<T, long?>? Number, Func<T, string?>? Text, bool Changes)
{
    public static Column<T> Fixed(string name, Func<T, long?> number) => new(name, number, null, Changes: false);

    public static Column<T> Fixed(string name, Func<T, string?> text) => new(name, null, text, Changes: false);

    public static Column<T> Changing(string name, Func<T, long?> number) => new(name, number, null, Changes: true);

    public static Column<T> Changing(string name, Func<T, string?> text) => new(name, null, text, Changes: true);
}
