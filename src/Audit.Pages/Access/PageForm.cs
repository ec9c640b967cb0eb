using System.Text.Json;
using Audit.Pages.Calls;
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

        if (context.Request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) != true)
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
    public static StrictObject Body(params (string Name, object? Value)[] fields) => StrictObject.Parse(
        JsonSerializer.SerializeToUtf8Bytes(fields.Where(field => field.Value is not null).ToDictionary(field => field.Name, field => field.Value)));
}
