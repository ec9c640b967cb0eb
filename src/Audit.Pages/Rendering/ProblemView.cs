namespace Audit.Pages.Rendering;

public sealed record ProblemView(int Status, string Title, string Detail);
