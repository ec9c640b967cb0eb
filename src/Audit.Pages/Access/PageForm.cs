using Microsoft.AspNetCore.Http.Features;

namespace Audit.Pages.Access;

/// <summary>A form as a page posted it.</summary>
internal sealed class PageForm(IFormCollection fields)
{
    /// <summary>The field that proves where the form comes from.</summary>
    public const string Secret = "form_secret";

    private static readonly FormOptions Limits = new()
    {
        ValueCountLimit = 32, KeyLengthLimit = 64, ValueLengthLimit = 16 << 10,
    };

    /// <returns>Null when the request holds no form.</returns>
    public static async Task<PageForm?> ReadAsync(HttpContext context)
    {
        if (context.Features.Get<PageForm>() is { } read)
        {
            return read;
        }

        const string Encoded = "application/x-www-form-urlencoded";
        if (context.Request.ContentType?.StartsWith(Encoded, StringComparison.OrdinalIgnoreCase) != true)
        {
            return null;
        }

        try
        {
            context.Features.Set<IFormFeature>(new FormFeature(context.Request, Limits));
            var form = new PageForm(await context.Request.ReadFormAsync(context.RequestAborted));
            context.Features.Set(form);
            return form;
        }
        catch (InvalidDataException tooMuch)
        {
            throw new BadHttpRequestException(tooMuch.Message, StatusCodes.Status413PayloadTooLarge, tooMuch);
        }
    }

    /// <summary>Null where the field is missing or empty.</summary>
    public string? Text(string name) => fields[name] is [{ Length: > 0 } text, ..] ? text.Trim() : null;

    public string Required(string name) => Text(name) ?? "";

    public IReadOnlyList<string> Texts(string name) => [.. fields[name].OfType<string>()];

    /// <summary>The form as the body that the API takes for the same act.</summary>
    /// <param name="fields">Names and values; those that are null are left out.</param>
    public static StrictObject Body(params (string Name, object? Value)[] fields) =>
        StrictObject.Parse(JsonSerializer.SerializeToUtf8Bytes(
            fields.Where(field => field.Value is not null).ToDictionary(field => field.Name, field => field.Value)));
}

/// <summary>Where a form leads back to: a path of this node and nothing else.</summary>
internal static class ReturnPath
{
    public const string Home = "/overview";
    private const int Longest = 2000;

    public static string Of(string? wanted) => IsLocal(wanted) ? wanted! : Home;

    // Browsers take a backslash for a slash, and two slashes for the name of another host.
    private static bool IsLocal(string? path) =>
        path is { Length: > 0 and <= Longest } && path[0] == '/' && (path.Length == 1 || path[1] is not ('/' or '\\'))
        && !path.Any(unit => unit is < ' ' or > '~' or '\\');
}
